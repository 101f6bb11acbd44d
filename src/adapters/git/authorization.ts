/** git's settings for one run: Gitea takes the token as the password of any user. `server` ends with a slash. */
export function authorization(server: string, token: string): Readonly<Record<string, string>> {
  const login = Buffer.from(`x-access-token:${token}`).toString('base64');
  return { [`http.${server}.extraheader`]: `Authorization: Basic ${login}` };
}
