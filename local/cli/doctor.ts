import { examine } from '../../src/doctor/doctor.ts';
import type { DoctorInput } from '../../src/doctor/look.ts';
import { isGitopsError } from '../../src/model/errors.ts';
import { exitCodeOfFindings, findingsJson, renderFindings } from '../../src/report/findings.ts';
import { type CommonOptions, type Context, defineDirectory, withContext } from './context.ts';

/** Whether everything is in order for a definition, or, without one, for any. Changes nothing. */
export function doctor(directory: string | undefined, options: CommonOptions): Promise<number> {
  return withContext(options, async (context) => {
    const { ports, settings, shown, terminal, signal, local } = context;
    const findings = await examine(ports, {
      settings,
      shown,
      signal,
      local: local !== undefined,
      simulated: local?.control !== undefined,
      ...(directory === undefined ? {} : { definition: await definitionOf(context, directory, options) }),
    });
    terminal.progress.close();
    if (options.json === true) terminal.json(findingsJson(findings));
    else terminal.print(renderFindings(findings, terminal.style));
    return exitCodeOfFindings(findings);
  });
}

/** A definition that cannot be read is one of the findings, and the rest is looked at all the same. */
async function definitionOf(
  context: Context,
  directory: string,
  options: CommonOptions,
): Promise<NonNullable<DoctorInput['definition']>> {
  try {
    return { desired: (await defineDirectory(context, directory, options)).desired };
  } catch (error) {
    if (!isGitopsError(error)) throw error;
    return { error };
  }
}
