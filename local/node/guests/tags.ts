import type { Caller } from '../auth/authenticate.ts';
import type { Core } from '../core.ts';
import { permissionDenied } from '../http/answer.ts';
import { splitList } from '../schema/validate.ts';

/** Lower case, each once, sorted, joined with `;` (datacenter.cfg's defaults). */
export function uniqueTags(text: string): string {
  return [...new Set(splitList(text).map((tag) => tag.toLowerCase()))].sort().join(';');
}

interface TagRules {
  readonly access: string;
  readonly allowed: ReadonlySet<string>;
  readonly registered: ReadonlySet<string>;
}

/** `user-tag-access` and `registered-tags` of the datacenter, and the tags in use on guests that the caller sees. */
function rulesOf(core: Core, authuser: string): TagRules {
  const options = core.options.value;
  const parts = Object.fromEntries((options['user-tag-access'] ?? '').split(',').map((part) => part.split('=')));
  const access = parts['user-allow'] ?? 'free';
  const privileged = core.access.may(authuser, '/', 'Sys.Modify');
  const registered = splitList(options['registered-tags'] ?? '');
  const inUse = core.guests
    .ids('lxc')
    .filter((vmid) => privileged || core.access.may(authuser, `/vms/${vmid}`, 'VM.Audit'))
    .flatMap((vmid) => splitList(core.guests.read('lxc', vmid).config.values.tags ?? ''));
  const allowed = [
    ...(access !== 'none' || privileged ? splitList(parts['user-allow-list'] ?? '') : []),
    ...(access === 'free' || access === 'existing' || privileged ? inUse : []),
    ...(privileged ? registered : []),
  ];
  const mine = privileged ? allowed : allowed.filter((tag) => !registered.includes(tag));
  return { access, allowed: new Set(mine), registered: new Set(registered) };
}

/** What the caller may choose from, sorted. */
export function allowedTags(core: Core, authuser: string): readonly string[] {
  return [...rulesOf(core, authuser).allowed].sort();
}

/** Who may add or take off which tag: VM.Config.Options, and what datacenter.cfg leaves to users. */
export function assertTagPermissions(
  core: Core,
  caller: Caller,
  vmid: number,
  before: string | undefined,
  after: string,
): void {
  const { authuser } = caller;
  core.access.check(authuser, `/vms/${vmid}`, ['VM.Config.Options']);
  if (core.access.may(authuser, '/', 'Sys.Modify')) return;
  const rules = rulesOf(core, authuser);
  const old = new Set(splitList(before ?? ''));
  const next = new Set(splitList(after));
  const changed = [...next].filter((tag) => !old.has(tag)).concat([...old].filter((tag) => !next.has(tag)));
  for (const tag of changed) {
    const free = rules.access === 'free' || rules.allowed.has(tag);
    if (rules.registered.has(tag) || !free) throw permissionDenied(`/, Sys.Modify for modifying tag '${tag}'`);
  }
}
