import { seconds } from '../clock.ts';
import {
  CLUSTER,
  changeFirewall,
  type Firewall,
  guestFirewall,
  HOST,
  objectWithDigest,
  readFirewall,
} from '../guests/firewall-config.ts';
import { MACRO_NAMES } from '../guests/firewall-rule.ts';
import { assertUnmodified } from '../guests/update.ts';
import { type Json, parameterError } from '../http/answer.ts';
import type { Properties } from '../schema/types.ts';
import { type Call, Page, type Routes } from './call.ts';
import { firewallGroupRoutes } from './firewall-groups.ts';
import { firewallNameRoutes, references } from './firewall-names.ts';
import { addRule, changeRule, listRules, oneRule, removeRule, rulesOf } from './firewall-rules.ts';

/** Parameters of a call that are no options. */
const NOT_OPTION = new Set(['node', 'vmid', 'digest', 'delete']);

function propertiesOf(call: Call, path: string): Properties {
  return call.core.schema.find((known) => known.method === 'PUT' && known.path === path)?.parameters ?? {};
}

/** Whole numbers and booleans are numbers in answers. */
function optionsOf(call: Call, path: string, firewall: Firewall): ReturnType<typeof objectWithDigest> {
  const properties = propertiesOf(call, path);
  const entries = Object.entries(readFirewall(call.core, firewall).options).map(([key, value]): [string, Json] => {
    const type = properties[key]?.type;
    return [key, type === 'boolean' || type === 'integer' ? Number(value) : value];
  });
  return objectWithDigest(Object.fromEntries(entries));
}

function setOptions(call: Call, path: string, firewall: Firewall): Json {
  assertUnmodified(call.text('digest'), optionsOf(call, path, firewall).digest);
  const known = Object.keys(propertiesOf(call, path)).filter((name) => !NOT_OPTION.has(name));
  const options: Record<string, string> = { ...readFirewall(call.core, firewall).options };
  for (const key of call.list('delete')) {
    if (!known.includes(key)) throw parameterError({ delete: `no such option '${key}'` });
    delete options[key];
  }
  for (const name of known) {
    if (call.text(name) !== undefined) options[name] = call.required(name);
  }
  // more than 1 is the time of a change that wants to be confirmed
  if (Number(call.text('enable') ?? 0) > 1) options.enable = String(seconds(call.core.clock));
  return changeFirewall(call.core, firewall, { options });
}

/** Nothing filters, so nothing was logged. */
const log = (): Page => new Page([{ n: 1, t: 'no content' }], 1);

function commonRoutes(base: string, of: (call: Call) => Firewall): Routes {
  const rules = (call: Call) => rulesOf(call, of(call));
  const options = `${base}/options`;
  return {
    [`GET ${options}`]: (call) => optionsOf(call, options, of(call)),
    [`PUT ${options}`]: (call) => setOptions(call, options, of(call)),
    [`GET ${base}/rules`]: listRules(rules),
    [`POST ${base}/rules`]: addRule(rules),
    [`GET ${base}/rules/{pos}`]: oneRule(rules),
    [`PUT ${base}/rules/{pos}`]: changeRule(rules),
    [`DELETE ${base}/rules/{pos}`]: removeRule(rules),
  };
}

const ofCluster = (): Firewall => CLUSTER;
const ofHost = (): Firewall => HOST;
const ofGuest = (call: Call): Firewall => guestFirewall(call.vmid);
const GUEST = '/nodes/{node}/lxc/{vmid}/firewall';

export const firewallRoutes: Routes = {
  ...commonRoutes('/cluster/firewall', ofCluster),
  ...firewallNameRoutes('/cluster/firewall', ofCluster),
  ...firewallGroupRoutes,
  'GET /cluster/firewall/macros': () => MACRO_NAMES.map((macro) => ({ macro, descr: macro })),
  'GET /cluster/firewall/refs': (call) => references(call, CLUSTER, 'dc'),
  ...commonRoutes('/nodes/{node}/firewall', ofHost),
  'GET /nodes/{node}/firewall/log': log,
  ...commonRoutes(GUEST, ofGuest),
  ...firewallNameRoutes(GUEST, ofGuest),
  [`GET ${GUEST}/refs`]: (call) => [...references(call, CLUSTER, 'dc'), ...references(call, ofGuest(call), 'guest')],
  [`GET ${GUEST}/log`]: log,
};
