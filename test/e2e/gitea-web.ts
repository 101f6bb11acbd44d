import type { Forge } from './forge.ts';

/** Cancels a run as a person does in the browser: the API of Gitea 1.26 has no call for it. Up to 1.25 a form proves that it is the site's own. */
export async function cancelRun(forge: Forge, repository: string, run: number): Promise<void> {
  const cookie = await signIn(forge);
  // Up to 1.25 the page has the repository's own number, not the id.
  const { pathname } = new URL((await forge.api.run(repository, run)).html_url);
  const [, token = ''] = /(?:^|; )_csrf=([^;]*)/.exec(cookie) ?? [];
  const headers = { cookie, 'x-csrf-token': decodeURIComponent(token) };
  const response = await post(forge, `${pathname}/cancel`, { headers });
  if (!response.ok) throw new Error(`Unable to cancel run ${run} of ${repository}: ${response.status}`);
}

/** The cookies of a session, as a request sends them. */
export async function signIn(forge: Forge): Promise<string> {
  const body = new URLSearchParams({ user_name: forge.user, password: forge.password });
  const response = await post(forge, '/user/login', { body });
  // A cookie may be set twice, the later one counts.
  const jar = new Map<string, string>();
  for (const set of response.headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
    jar.set(name, value);
  }
  if (response.status !== 303) throw new Error(`Unable to sign in to ${forge.url}: ${response.status}`);
  return [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
}

function post(forge: Forge, path: string, init: RequestInit): Promise<Response> {
  const common = { method: 'POST', redirect: 'manual', signal: AbortSignal.timeout(30_000) } as const;
  return fetch(`${forge.url}${path}`, { ...common, ...init });
}
