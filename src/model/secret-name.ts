/** What the engine is told already, and what decides which programs run and how; DIR and PWD are set where it runs. */
const RESERVED: ReadonlySet<string> = new Set([
  ...['IP', 'ID', 'HOSTNAME', 'STAGE', 'HOST', 'LOGIN', 'PASSWORD', 'DIR', 'PWD', 'OLDPWD'],
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'TERM', 'LANG', 'LANGUAGE', 'TZ', 'TMPDIR', 'MAIL', 'UID', 'EUID'],
  ...['IFS', 'ENV', 'BASH_ENV', 'BASHOPTS', 'SHELLOPTS', 'CDPATH', 'GLOBIGNORE', 'PS4', 'PROMPT_COMMAND', 'PPID'],
  ...['DEBIAN_FRONTEND', 'PERL5LIB', 'PERL5OPT', 'PYTHONPATH', 'PYTHONSTARTUP', 'PYTHONHOME', 'RUBYLIB', 'RUBYOPT'],
  ...['NODE_OPTIONS', 'GCONV_PATH', 'HOSTALIASES', 'LOCPATH', 'MALLOC_CHECK_', 'TZDIR', 'NLSPATH'],
]);
const RESERVED_FORM = /^(?:LD_|LC_|BASH_FUNC_|ANSIBLE_|PVE_GITOPS_|PROXMOX_)/;

/** The form of a secret's name. */
export const SECRET_NAME = /^[A-Z][A-Z0-9_]{0,63}$/;

/** Whether a variable of this name would take the place of one that something else depends on. */
export function isReservedName(name: string): boolean {
  return RESERVED.has(name) || RESERVED_FORM.test(name);
}
