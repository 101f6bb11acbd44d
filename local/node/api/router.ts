import type { CallSchema } from '../schema/types.ts';
import { perlPattern } from '../schema/validate.ts';
import type { Handler, Routes } from './call.ts';

export interface Route {
  readonly schema: CallSchema;
  readonly handler: Handler;
}

interface Branch {
  readonly literal: Map<string, Branch>;
  placeholder?: { readonly name: string; readonly pattern: RegExp; readonly branch: Branch };
  readonly routes: Map<string, Route>;
}

const newBranch = (): Branch => ({ literal: new Map(), routes: new Map() });

/** These take the rest of a path, slashes and all: volume ids and networks have some. */
const TAKES_REST = new Set(['volume', 'cidr']);

function child(branch: Branch, segment: string, call: CallSchema): Branch {
  const name = /^\{(.+)\}$/.exec(segment)?.[1];
  if (name !== undefined) {
    const pattern = perlPattern(call.parameters[name]?.pattern ?? '\\S+');
    branch.placeholder ??= { name, pattern, branch: newBranch() };
    return branch.placeholder.branch;
  }
  const next = branch.literal.get(segment) ?? newBranch();
  branch.literal.set(segment, next);
  return next;
}

/** Finds the call for a path. Every handler must be in the schema: what it takes is checked by it. */
export class Router {
  readonly #root = newBranch();

  constructor(schema: readonly CallSchema[], routes: Routes) {
    const known = new Map(schema.map((call) => [`${call.method} ${call.path}`, call]));
    for (const [name, handler] of Object.entries(routes)) {
      const call = known.get(name);
      // a call of the other release
      if (call === undefined) continue;
      const branch = call.path
        .split('/')
        .slice(1)
        .filter((part) => part !== '')
        .reduce((parent, segment) => child(parent, segment, call), this.#root);
      branch.routes.set(call.method, { schema: call, handler });
    }
  }

  /** undefined: not a covered call, or a value in the path that is none. The path comes decoded. */
  find(method: string, path: string): { readonly route: Route; readonly values: Record<string, string> } | undefined {
    const values: Record<string, string> = {};
    const segments = path.split('/').filter((part) => part !== '');
    let branch = this.#root;
    while (segments.length > 0) {
      const segment = segments.shift() ?? '';
      const literal = branch.literal.get(segment);
      const { placeholder } = branch;
      if (literal !== undefined) {
        branch = literal;
      } else if (placeholder !== undefined) {
        const value = TAKES_REST.has(placeholder.name) ? [segment, ...segments.splice(0)].join('/') : segment;
        if (!placeholder.pattern.test(value)) return undefined;
        values[placeholder.name] = value;
        branch = placeholder.branch;
      } else {
        return undefined;
      }
    }
    const route = branch.routes.get(method);
    return route === undefined ? undefined : { route, values };
  }
}
