import { resolve } from 'node:path';
import { connectMask, connectSource } from '../../src/connect.ts';
import type { Source } from '../../src/model/ports.ts';
import type { Settings } from '../../src/model/settings.ts';
import { resolveSettings } from '../../src/settings/resolve.ts';
import { type CommonOptions, readText, sourcesOf } from './context.ts';
import { stateDirectory } from './state.ts';
import { openTerminal, type Terminal } from './terminal.ts';

export interface Offline {
  readonly settings: Settings;
  readonly source: Source;
  readonly terminal: Terminal;
}

/** What a command needs that asks no server: settings that are there count, and none has to be. */
export function offline(options: CommonOptions): Offline {
  const mask = connectMask();
  const { settings, secrets } = resolveSettings(sourcesOf(options.settings), {
    stateDirectory: stateDirectory(),
    read: (path) => readText(resolve(path)),
    connectionOptional: true,
  });
  for (const secret of secrets) mask.mask(secret);
  const terminal = openTerminal({ json: options.json === true, verbose: false, mask: (text) => mask.apply(text) });
  return { settings, source: connectSource(), terminal };
}
