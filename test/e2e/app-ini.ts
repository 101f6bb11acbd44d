import { randomBytes } from 'node:crypto';

export interface AppIniFields {
  readonly directory: string;
  readonly port: number;
  readonly staticRoot: string;
  readonly root: boolean;
}

/** The settings of a Gitea that talks to nobody but this machine. Each key comes before the first section it belongs to. */
export function appIni({ directory, port, staticRoot, root }: AppIniFields): string {
  const secret = () => randomBytes(32).toString('base64url');
  return `
APP_NAME = pve-gitops end-to-end tests
RUN_MODE = prod
WORK_PATH = ${directory}/work
${root ? 'I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true' : ''}

[server]
HTTP_ADDR = 127.0.0.1
HTTP_PORT = ${port}
ROOT_URL = http://127.0.0.1:${port}/
DISABLE_SSH = true
OFFLINE_MODE = true
LFS_JWT_SECRET = ${secret()}
${staticRoot === '' ? '' : `STATIC_ROOT_PATH = ${staticRoot}`}

[database]
DB_TYPE = sqlite3
PATH = ${directory}/gitea.db
SQLITE_JOURNAL_MODE = WAL

[repository]
ROOT = ${directory}/repositories
DEFAULT_BRANCH = main

[security]
INSTALL_LOCK = true
SECRET_KEY = ${secret()}

[oauth2]
JWT_SECRET = ${secret()}

[service]
DISABLE_REGISTRATION = true

[actions]
ENABLED = true
DEFAULT_ACTIONS_URL = self

[indexer]
ISSUE_INDEXER_TYPE = db

[migrations]
ALLOW_LOCALNETWORKS = true

[webhook]
ALLOWED_HOST_LIST = loopback

[cron]
ENABLED = false

[cron.update_checker]
ENABLED = false

[log]
MODE = console
LEVEL = Warn
`;
}
