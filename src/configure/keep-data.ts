import { GitopsError } from '../model/errors.ts';
import type { StepResult } from '../model/outcome.ts';
import type { Call, Event, Shell } from '../model/ports.ts';
import { listenToScript, summariseScript } from '../model/script-report.ts';

/** Where scripts of the one-directory-per-container form find what outlives the root file system. */
export const DATA_PATH = '/usr/local/data';

/**
 * Argument `look` or `copy`. Files come into a folder of the volume itself, their sums are compared there, and only then they go to
 * their places: whatever ends this in the middle, the next run begins anew or goes on with moving. A note on the volume says that it
 * was done, and the volume outlives root file systems, so that what the container writes is never written over.
 */
const SCRIPT = String.raw`
set -eu
data=/usr/local/data
into=$data/.pve-gitops-copying
whole=$data/.pve-gitops-whole
note=$data/.pve-gitops-copied

finish() {
  find "$into" -mindepth 1 -maxdepth 1 ! -name lost+found -exec sh -c 'mv -fT "$0" "$1/$(basename "$0")"' {} "$data" \;
  sync
  mv -f "$whole" "$note"
  rm -rf "$into"
  printf 'copied %s\n' "$(cat "$note")"
}

case $1 in
look)
  awk -v path=$data '$5 == path { found = 1 } END { exit !found }' /proc/self/mountinfo || { echo unmounted; exit 0; }
  if [ -e "$whole" ]; then finish; exit 0; fi
  # What a run that was ended left of its own.
  rm -rf "$into" "$whole.new"
  if [ -e "$note" ]; then echo done; exit 0; fi
  if [ -n "$(find $data -mindepth 1 -maxdepth 1 ! -name lost+found -print -quit)" ]; then echo used; else echo due; fi
  ;;
copy)
  mkdir "$into"
  tar --extract --same-owner --numeric-owner --preserve-permissions --directory "$into"
  cd "$into"
  count=$(wc -l <.pve-gitops-sums)
  if [ "$count" != 0 ]; then sha256sum --check --strict --quiet .pve-gitops-sums; fi
  rm .pve-gitops-sums
  size=$(du -sk . | cut -f 1)
  chown "$(stat -c %u:%g .)" $data
  chmod "$(stat -c %a .)" $data
  printf '%s files, %s KiB\n' "$count" "$size" >"$whole.new"
  sync
  mv -f "$whole.new" "$whole"
  finish
  ;;
esac
`;

export interface KeepDataInput {
  readonly vmid: number;
  /** Whether the definition has a volume for it. */
  readonly hasVolume: boolean;
  /** Source.data(); undefined: there is nothing to copy. */
  readonly data: () => Promise<AsyncIterable<Uint8Array> | undefined>;
}

export type KeptData = Pick<StepResult, 'changed' | 'warnings'>;

const NOTHING: KeptData = { changed: [], warnings: [] };

/**
 * Copies a directory's `data` into its kept volume, once in the volume's life, with checksums. Without a volume there, as in a
 * candidate, nothing is copied. Throws kind remote when it does not arrive as it was sent.
 */
export async function keepData(
  shell: Shell,
  { vmid, hasVolume, data }: KeepDataInput,
  call: Call,
  tell: (event: Event) => void,
): Promise<KeptData> {
  const content = await data();
  if (content === undefined) return NOTHING;
  if (!hasVolume) {
    const why = `no volume of the definition is mounted at ${DATA_PATH}`;
    return { changed: [], warnings: [`data was not copied: ${why}`] };
  }
  const run = async (verb: 'look' | 'copy', input?: AsyncIterable<Uint8Array>): Promise<string> => {
    const report = listenToScript(tell);
    const what = verb === 'look' ? 'look at kept data' : 'copy data';
    const argv = ['sh', '-c', SCRIPT, 'pve-gitops', verb];
    const command = { name: what, argv, onLine: report.hear, ...(input === undefined ? {} : { input }) };
    const { exitCode, stdout } = await shell.run(command, call);
    if (exitCode === 0) return stdout.trim();
    throw new GitopsError('remote', `Unable to copy data into container ${vmid}: it ended with exit code ${exitCode}`, {
      log: report.tail,
      advice: ['nothing of it was put in place; run this again'],
    });
  };
  const found = await run('look');
  if (found === 'used') {
    return { changed: [], warnings: [`data was not copied: there are files at ${DATA_PATH} already, which stay`] };
  }
  if (found.startsWith('copied ')) return copied(found);
  if (found !== 'due') return NOTHING;
  tell({ kind: 'line', text: `copying data to ${DATA_PATH}` });
  return copied(await run('copy', content));
}

/** What an engine did, with what was copied before it. */
export function withData({ changed, warnings }: KeptData, result: StepResult): StepResult {
  const whole = { ...result, changed: [...changed, ...result.changed], warnings: [...warnings, ...result.warnings] };
  return changed.length === 0 ? whole : { ...whole, summary: summariseScript(whole) };
}

function copied(said: string): KeptData {
  const what = /^copied (.*)$/m.exec(said)?.[1];
  return { changed: [`data to ${DATA_PATH}: ${what ?? 'all of it'}, compared by checksums`], warnings: [] };
}
