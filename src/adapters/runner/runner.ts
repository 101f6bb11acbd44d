import * as core from '@actions/core';

/**
 * The runner's side of an action: inputs, outputs, masks, log, job summary. Gitea's runner speaks GitHub's protocol;
 * what older versions of it lack (a summary file) is guarded here.
 */
export interface Runner {
  /** Inputs that were given, by name; empty ones are absent. */
  inputs(names: readonly string[]): Readonly<Record<string, string>>;
  output(name: string, value: string): void;
  /** Every line, because older runners mask per line only. */
  mask(value: string): void;
  line(text: string): void;
  group(title: string): void;
  endGroup(): void;
  /** One line, because older Gitea versions print `%0A` as it stands. */
  error(message: string): void;
  warning(message: string): void;
  summary(markdown: string): Promise<void>;
  fail(exitCode: number): void;
  readonly debug: boolean;
}

export function createRunner(environment: Readonly<Record<string, string | undefined>>): Runner {
  const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, ' · ');
  return {
    inputs(names) {
      const entries = names.map((name) => [name, core.getInput(name)] as const).filter(([, value]) => value !== '');
      return Object.fromEntries(entries);
    },
    output: (name, value) => core.setOutput(name, value),
    mask(value) {
      for (const line of value.split(/\r?\n/)) if (line.trim() !== '') core.setSecret(line);
    },
    // What a container prints is text: a line of its output must not become a command to the runner.
    line: (text) => core.info(text.replace(/^(\s*)(?=::|##\[)/, '$1| ')),
    group: (title) => core.startGroup(oneLine(title)),
    endGroup: () => core.endGroup(),
    error: (message) => core.error(oneLine(message)),
    warning: (message) => core.warning(oneLine(message)),
    async summary(markdown) {
      if (environment.GITHUB_STEP_SUMMARY === undefined || environment.GITHUB_STEP_SUMMARY === '') return;
      await core.summary.addRaw(markdown, true).write();
    },
    fail(exitCode) {
      process.exitCode = exitCode;
    },
    debug: core.isDebug(),
  };
}
