/** `proxmox.host` → `{ proxmox: { host } }`: settings by their keys, as a settings file has them. */
export function nested(
  flat: Readonly<Record<string, string>>,
): Readonly<Record<string, Readonly<Record<string, string>> | string>> {
  const root: Record<string, Record<string, string> | string> = {};
  for (const [key, value] of Object.entries(flat)) {
    const [group = '', name] = key.split('.');
    const inner = root[group];
    if (name === undefined) root[group] = value;
    else root[group] = { ...(typeof inner === 'object' ? inner : {}), [name]: value };
  }
  return root;
}
