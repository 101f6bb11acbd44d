import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/** The design's layout and its one-way rule, executable. A new row in a table here needs a reason. */

const ROOT = resolve(import.meta.dirname, '..');

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((file) => !file.includes('/dist/') && !file.includes('node_modules'));
}

const FILES = [...sources('src'), ...sources('actions'), ...sources('local')];

interface Import {
  readonly file: string;
  readonly to: string;
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s+'([^']+)'|(?:^|[^.\w])import\(\s*'([^']+)'\s*\)|(?:^|\n)import\s+'([^']+)'/g;

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(IMPORT)].map((match) => {
    const to = match[1] ?? match[2] ?? match[3] ?? '';
    return { file, to: to.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(file), to)) : to };
  });
}

const IMPORTS = FILES.flatMap(importsOf);

const STAGES = [
  'settings',
  'definition',
  'desired',
  'plan',
  'apply',
  'baseline',
  'configure',
  'verify',
  'report',
  'access',
];
const folderOf = (file: string): string => file.split('/').slice(0, 2).join('/');

/** folder → what it may import from our own code; first match wins. */
const RULES: readonly (readonly [RegExp, RegExp, string])[] = [
  [/^src\/model\//, /^src\/model\//, 'the model imports nothing'],
  ...STAGES.map(
    (stage) =>
      [
        new RegExp(`^src/${stage}/`),
        new RegExp(`^src/(model|${stage})/`),
        'stages do not import each other, nor adapters',
      ] as const,
  ),
  [/^src\/adapters\/process\//, /^src\/(model|adapters\/process)\//, 'process is the lowest adapter'],
  [
    /^src\/adapters\//,
    /^src\/(model|adapters\/process)\//,
    'adapters know the model, the process adapter and themselves',
  ],
  [
    /^src\/connect(-action)?\.ts$/,
    /^src\/(model|adapters|settings)\//,
    'connect joins adapters to ports and knows no stage',
  ],
  [
    /^src\/(deploy|run|scope|guest-session|cinc-input|site-containers|site-share|way-back|converge-again|old-backups|keep|drift|replace|candidate-address|base-image|look-ahead)\.ts$|^src\/jobs\//,
    new RegExp(
      `^src/(model/|(run|scope|guest-session|cinc-input|site-containers|site-share|way-back|converge-again|old-backups|keep|drift|replace|candidate-address|base-image|look-ahead).ts|jobs/|${STAGES.join('/|')}/)`,
    ),
    'deploy, run and what they are made of join stages and know no adapter',
  ],
  ...['fleet', 'doctor', 'imports', 'secrets', 'setup'].map(
    (capability) =>
      [
        new RegExp(`^src/${capability}/`),
        new RegExp(`^src/(model/|deploy.ts|${capability}/|${STAGES.join('/|')}/)`),
        'capabilities stand above deploy and do not import each other, nor adapters',
      ] as const,
  ),
  [
    /^src\/controlplane\//,
    new RegExp(`^src/(model/|(deploy|run|candidate-address).ts|jobs/|controlplane/|${STAGES.join('/|')}/)`),
    'the control plane is deployed as a container is, looked into, and has a pilot that is made as a job is',
  ],
  [
    /^src\/images\//,
    new RegExp(`^src/(model/|(deploy|base-image|candidate-address).ts|images/|${STAGES.join('/|')}/)`),
    'images are built by what a deploy builds them with, and at the addresses of candidates',
  ],
  [
    /^src\/furnish\.ts$/,
    /^src\/(connect(-action)?\.ts|(action|run)\.ts|controlplane\/|model\/)/,
    'a control plane that goes elsewhere gets what this one has: an entry, but for its lines',
  ],
  [
    /^src\/(action|checkout|feedback|follow|handed|patience)\.ts$/,
    /^src\/(connect(-action)?\.ts|action\.ts|deploy\.ts|run\.ts|feedback\.ts|model\/|settings\/|desired\/|report\/)/,
    'what three entries share',
  ],
  [/^local\/node\//, /^local\/node\//, 'the local node shares no code with its client'],
  [
    /^local\/cli\//,
    /^(local\/cli\/|local\/node\/|src\/(?!adapters\/))/,
    'the command line reaches adapters through connect',
  ],
  [/^actions\//, /^(src\/(?!adapters\/)|actions\/)/, 'actions reach adapters through connect'],
];

describe('one-way rule', () => {
  it.each(RULES.map(([from, allowed, reason]) => ({ from, allowed, reason })))(
    '$from: $reason',
    ({ from, allowed }) => {
      const wrong = IMPORTS.filter(({ file, to }) => {
        const rule = RULES.find(([pattern]) => pattern.test(file));
        if (rule?.[0] !== from || !/^(src|local|actions|test)\//.test(to)) return false;
        const same = file.startsWith('src/adapters/') && dirname(to).startsWith(file.split('/').slice(0, 3).join('/'));
        return !allowed.test(to) && !same;
      });
      expect(wrong).toEqual([]);
    },
  );

  it('every file stands under a rule', () => {
    expect(FILES.filter((file) => !RULES.some(([from]) => from.test(file)))).toEqual([]);
  });

  it('finds imports at all', () => {
    expect(IMPORTS.length).toBeGreaterThan(50);
    expect(new Set(FILES.map(folderOf)).size).toBeGreaterThan(8);
  });
});

/** package → the folders that may import it, with the reason. */
const PACKAGES: Readonly<Record<string, readonly [RegExp, string]>> = {
  yaml: [/^src\/definition\//, 'container.yml is read in one place'],
  dotenv: [/^src\/definition\//, 'config.env is read in one place'],
  zod: [/^src\/(definition|settings|desired|adapters\/[a-z]+)\//, 'edges: what people, files and servers hand us'],
  'proxmox-api': [/^src\/adapters\/proxmox\//, 'typed paths of the Proxmox VE API'],
  '@actions/core': [/^src\/adapters\/runner\//, 'the runner’s side of an action'],
  '@actions/exec': [/^src\/adapters\/git\//, 'git in the checkout'],
  '@actions/github': [/^src\/adapters\/forge\//, 'statuses and comments of the forge'],
  'age-encryption': [/^src\/adapters\/keys\//, 'secrets in repositories'],
  commander: [/^local\/cli\//, 'the command line'],
};

describe('packages', () => {
  const used = IMPORTS.filter(({ to }) => !/^(node:|src\/|local\/|actions\/|test\/)/.test(to));

  it.each(Object.entries(PACKAGES))('%s stays where it belongs', (name, [folders]) => {
    const wrong = used.filter(({ file, to }) => (to === name || to.startsWith(`${name}/`)) && !folders.test(file));
    expect(wrong).toEqual([]);
  });

  it('no other package is imported', () => {
    const known = Object.keys(PACKAGES);
    expect(used.filter(({ to }) => !known.some((name) => to === name || to.startsWith(`${name}/`)))).toEqual([]);
  });

  it('every dependency is used and pinned', () => {
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    expect(Object.keys(dependencies).toSorted()).toEqual(Object.keys(PACKAGES).toSorted());
    expect(Object.values(dependencies).filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });
});

describe('files', () => {
  const lines = (file: string): number => readFileSync(join(ROOT, file), 'utf8').split('\n').length - 1;

  it('none is longer than 250 lines, an action entry than 40', () => {
    const limit = (file: string): number => (/^actions\/[^/]+\/main\.ts$/.test(file) ? 40 : 250);
    expect(FILES.filter((file) => lines(file) > limit(file)).map((file) => `${file}: ${lines(file)}`)).toEqual([]);
  });

  it('export by name, and none is a barrel', () => {
    const text = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
    expect(FILES.filter((file) => /^export default /m.test(text(file)))).toEqual([]);
    expect(FILES.filter((file) => /^export \* from/m.test(text(file)))).toEqual([]);
  });

  it('libs hold definitions and no TypeScript', () => {
    expect(sources('libs')).toEqual([]);
  });

  it('nothing turns verification off', () => {
    const off =
      /rejectUnauthorized:\s*false|StrictHostKeyChecking[= ]no|NODE_TLS_REJECT_UNAUTHORIZED|UserKnownHostsFile[= ]\/dev\/null/;
    const bundles = readdirSync(join(ROOT, 'actions'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('dist/bundle.js'))
      .map((file) => `actions/${file}`);
    expect(bundles).toHaveLength(4);
    const own = sources('test').filter((file) => file !== 'test/architecture.test.ts');
    const all = [...FILES, ...bundles, ...own];
    expect(all.filter((file) => off.test(readFileSync(join(ROOT, file), 'utf8')))).toEqual([]);
  });

  it('only adapters and entries touch environment, clock, network and disk', () => {
    const effect =
      /\bprocess\.(env|argv|exit|stdout|stderr)\b|\bDate\.now\(|new Date\(\)|(?<![.\w]|\n {2})fetch\(|from 'node:(fs|net|tls|https?|child_process|os|dns|timers)/;
    // isIP and its kin ask nobody.
    const forms = /import \{ isIP(?:v[46])?(?:, isIP(?:v[46])?)* \} from 'node:net';/;
    // cinc-files.ts is Ruby; pilot-script.ts is what the pilot runs.
    const pure = FILES.filter(
      (file) =>
        /^src\//.test(file) &&
        !/^src\/(adapters\/|configure\/cinc-files\.ts|controlplane\/pilot-script\.ts|connect(-action)?\.ts|action\.ts)/.test(
          file,
        ),
    );
    const source = (file: string): string => readFileSync(join(ROOT, file), 'utf8').replace(forms, '');
    expect(pure.filter((file) => effect.test(source(file)))).toEqual([]);
  });
});
