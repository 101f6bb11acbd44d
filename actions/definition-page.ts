import type { Described, Shape } from '../src/definition/field.ts';
import { fields } from '../src/definition/fields.ts';

const EFFECTS = {
  live: 'live',
  restart: 'restart',
  replace: 'replace',
  another: 'another container; the one before stays',
  move: 'moved, in one stop',
  destroy: 'destroys the container',
  configure: 'configured again',
  nothing: 'nothing',
} as const satisfies Record<Described['effect'], string>;

const cell = (text: string): string => text.replaceAll('|', '\\|');

function cells(row: Described): string {
  const unit = row.unit === undefined ? '' : ` (${row.unit})`;
  return `${cell(row.description)}${unit} | ${cell(row.form)} | ${cell(row.default)} | ${EFFECTS[row.effect]}`;
}

function mainTable(): string[] {
  return [
    '| .env | container.yml | what it is | accepted | default | a change costs |',
    '|---|---|---|---|---|---|',
    ...Object.values(fields).map((row) => {
      const env = row.env === undefined ? '' : `\`${row.env}\``;
      const key = row.shape === undefined ? `\`${row.yaml}\`` : `[\`${row.yaml}\`](#keys-of-${row.yaml})`;
      return `| ${env} | ${key} | ${cells(row)} |`;
    }),
  ];
}

/** What stands before a part's name: `interfaces[].`, `volumes.NAME.`, `startup.` */
function wayTo(key: string, shape: Shape): string {
  return { list: `${key}[].`, named: `${key}.NAME.`, map: `${key}.` }[shape.kind];
}

/** What each field's parts have to be told beside their table. */
const REMARKS: Readonly<Record<string, readonly string[]>> = {
  startup: ['In an .env file: `STARTUP=order=1,up=30,down=60`.'],
  interfaces: [
    'With the short keys `ip`, `gateway`, `ip6`, `gateway6`, `bridge` and `vlan` there is one interface, net0, and all else about it is kept as it stands on the server.',
    'With `interfaces` each is fully described: a key that is not written goes back to its default, but for `mac` and `firewall`, which are kept. An interface',
    'of the container that is not in the list is removed. It is found by its name, else by its place. Both at once is an error. An overlay’s `interfaces` takes the place of the short keys of the files before it.',
  ],
  volumes: [
    'A volume outlives the root file system. The name is yours, and stays with the volume: the owner mark holds which one it is. Of a volume',
    '',
    '- a larger size grows it while the container runs; a smaller one is an error at the plan: nothing is ever cut off;',
    '- another storage is refused: move it in Proxmox VE (Resources → Volume Action → Move Storage), then write it;',
    '- a line that is removed detaches it: the data stays on the storage, and the same line attaches it again;',
    '- the word `delete` destroys it, and nothing else does: `volumes: { data: delete }`.',
    '',
    'A path may lie within another volume’s, which is then mounted first. Two things at one path are an error, and more than 16 volumes. `disk` is short for',
    '`storage` and `size`.',
  ],
  mount: [
    'In an .env file by comma: `MOUNT=share, /mnt/media:/srv/media, /dev/ttyUSB0`. Needs root@pam. `share` is the share of the site’s own container [libs/share](libs.md#the-share-in-other-containers), seen as /share.',
  ],
  devices: [
    '`MOUNT=/dev/…` says the same with the defaults. `mode` needs its quotes: YAML reads 0660 as a decimal number.',
  ],
  features: ['`nesting` may stand on the top level instead, which is what .env files can write. Both is an error.'],
  health: [
    'In an .env file: `HEALTH=unit:mosquitto, tcp:1883, http://:80/ status=200 contains="two words"`, without commands. All checks run inside the container until they',
    'pass, for at most a minute. Without any: no failed systemd unit.',
  ],
};

function partTables(): string[] {
  return Object.values(fields).flatMap(({ yaml, shape }) =>
    shape === undefined
      ? []
      : [
          '',
          `### Keys of ${yaml}`,
          '',
          ...(REMARKS[yaml] ?? []),
          '',
          '| container.yml | what it is | accepted | default | a change costs |',
          '|---|---|---|---|---|',
          ...Object.entries(shape.parts).map(([key, part]) => `| \`${wayTo(yaml, shape)}${key}\` | ${cells(part)} |`),
        ],
  );
}

/** docs/definition.md. `example`: the text of docs/example/container.yml. */
export function definitionPage(example: string): string {
  return `${[
    '# A definition',
    '',
    'A directory with one of `config.env`, `container.env` (dotenv) or `container.yml` (YAML), and what configures the service: `configure.sh`, run',
    'inside the container as root. The directory’s or repository’s name is the container’s name.',
    '',
    '```dotenv',
    'IP=192.168.178.42',
    'ID=42',
    'HOSTNAME=apache',
    'CORES=2',
    'MEMORY=2048',
    'SWAP=512',
    'DISK=local-lvm:8',
    'BOOT=yes',
    '```',
    '',
    '`pve-gitops validate DIR…` reads definitions and says all that is wrong with them; it needs neither settings nor a server. Editors find the keys by',
    '[schemas/container.schema.json](../schemas/container.schema.json) (`pve-gitops schema` prints it), with a first line such as',
    '`# yaml-language-server: $schema=../../schemas/container.schema.json`. A key of .env stands for the same key of container.yml.',
    '',
    '## All keys',
    '',
    ...mainTable(),
    '',
    'A change that is *live* is made while the container runs, *restart* restarts it, *moved* stops it and copies or sends its disks ([moves](moves.md)), a [*replace*](replace.md) makes its root file system anew beside the one that serves. “Left as it is”: what is not written is',
    'not looked at, and stays as it stands on the server.',
    '',
    '**Files are data.** They are parsed, never sourced: an unquoted `$`, backtick or `#` is an error that names the fix. All errors come at',
    'once, with file, line, key and the nearest known key.',
    '',
    '**Overlays**, later wins key by key: `config.env`, then `config.<stage>.env`, then `config.local.env` (the same with `container.env` and `container.yml`).',
    'A key of the top level is taken whole: an overlay’s `volumes` or `tags` are all of them, not more of them. `*.local.env` is private: it is read where the command',
    'line runs, and never handed to a container.',
    '',
    '**ID and vmid.** Proxmox VE refuses vmids below 100: such an `ID` becomes `vmid_base` (setting, 1000) + ID, and every plan shows both. `vmid` in',
    '`container.yml` is literal. Without either the lowest free one is taken once and kept.',
    '',
    '**Template.** Without `TEMPLATE` the newest Debian that the node has or offers. It is recorded in the owner mark; a newer one is shown as',
    'available and never replaces a container by itself.',
    '',
    '**Engine.** `recipes/default.rb`: cinc; `playbook.yml`: ansible; `configure.sh` or `build-target.sh`: shell; none of them: nothing is configured. `engine` chooses',
    'another one than the first of these, and its files have to be there.',
    '',
    '**Secrets.** `secrets: [DB_PASSWORD]` takes the value from `SECRET_DB_PASSWORD` in the environment of the run, else from the encrypted [`secrets.env`](secrets.md) beside',
    'the definition, and hands it to the engine as `DB_PASSWORD`. Without the key, all names of `secrets.env` are handed over. The prefix',
    'is why no repository can name the password of Proxmox VE. Only names stand in files, plans and marks. A missing value is an error that names every one.',
    '',
    '**Depends.** A deploy is refused when one of the containers is not there or does not run; a plan says it. A bare name is one of this site, of the same stage or else',
    'of `main`; `owner/name` is that repository’s.',
    '',
    '**Way back.** What a deploy that failed goes back to: `auto` decides by what the container has, and the plan says it. [The way back](way-back.md) has the table.',
    '',
    '**Protection.** A container with volumes is protected, so that nobody removes them by a click; a deploy lifts it for as long as disks change in a way that the',
    'definition says, and for nothing else. `protection: no` leaves it off; `yes` makes changes of disks an error until it says `no`.',
    '',
    '## Keys within keys',
    ...partTables(),
    '',
    '## configure.sh',
    '',
    'Runs at a deploy whenever the definition, its environment or the engine has changed, and on `--force`. It should change only what differs, and may print',
    '`changed: …`, `warning: …` and `error: …` lines, which the report shows. Its environment: `IP`, `ID`, `HOST` (the forge), `HOSTNAME`, `STAGE`, `LOGIN`,',
    '`PASSWORD` (settings of the site), `DIR` (the unpacked definition, also the working directory), and the secrets under their names. Values arrive through a',
    'root-only file on tmpfs that is gone before the script begins. A process that it leaves in the background must not hold its output open: start services with systemd.',
    '',
    '## Every key once',
    '',
    'This is [docs/example/container.yml](example/container.yml).',
    '',
    '```yaml',
    example.trimEnd(),
    '```',
  ].join('\n')}\n`;
}
