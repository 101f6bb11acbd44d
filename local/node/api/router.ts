import type { CallSchema } from '../schema/types.ts';
import type { Handler, Routes } from './call.ts';

export interface Route {
  readonly schema: CallSchema;
  readonly handler: Handler;
}

interface Branch {
  readonly literal: Map<string, Branch>;
  placeholder?: { readonly name: string; readonly branch: Branch };
  readonly routes: Map<string, Route>;
}

const newBranch = (): Branch => ({ literal: new Map(), routes: new Map() });

function child(branch: Branch, segment: string): Branch {
  const name = /^\{(.+)\}$/.exec(segment)?.[1];
  if (name !== undefined) {
    branch.placeholder ??= { name, branch: newBranch() };
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
        .reduce(child, this.#root);
      branch.routes.set(call.method, { schema: call, handler });
    }
  }

  /** undefined: not a covered call. The path's segments come percent-encoded; values of placeholders are decoded. */
  find(method: string, path: string): { readonly route: Route; readonly values: Record<string, string> } | undefined {
    const values: Record<string, string> = {};
    let branch = this.#root;
    for (const segment of path.split('/').filter((part) => part !== '')) {
      const literal = branch.literal.get(segment);
      if (literal !== undefined) {
        branch = literal;
      } else if (branch.placeholder !== undefined) {
        values[branch.placeholder.name] = decodeURIComponent(segment);
        branch = branch.placeholder.branch;
      } else {
        return undefined;
      }
    }
    const route = branch.routes.get(method);
    return route === undefined ? undefined : { route, values };
  }
}
