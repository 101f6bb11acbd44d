import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { type AnsiblePlace, runAnsible } from '../../../src/configure/ansible.ts';
import { explainPlaybook, recapOf } from '../../../src/configure/ansible-report.ts';
import type { Event, RemoteCommand, Shell } from '../../../src/model/ports.ts';

const SECRET = 'geheim {{ 7 * 7 }} "x" \\ \'y\' ü 😀 \u2028 \u0085\nsecond: line\n';
const call = { timeoutMs: 600_000, signal: new AbortController().signal };

async function* archive() {
  yield new TextEncoder().encode('tar');
}

interface Asked {
  readonly command: RemoteCommand;
  readonly input: string;
}

/** A shell that answers with these lines of standard error to a run of ours, and well to everything else. */
function shellOf(asked: Asked[], lines: readonly string[], exitCode: number): Shell {
  return {
    async run(command) {
      let input = '';
      for await (const chunk of (command.input ?? []) as AsyncIterable<Uint8Array>)
        input += new TextDecoder().decode(chunk);
      asked.push({ command, input });
      if (command.name !== 'playbook.yml') return { exitCode: 0, stdout: '', stderr: '' };
      for (const line of lines) command.onLine?.(`pve-gitops: ${line}`, 'stderr');
      return { exitCode, stdout: '', stderr: '' };
    },
    close: async () => undefined,
  };
}

const STATS = '{"stats": {"web": {"ok": 3, "changed": 1, "failures": 0, "unreachable": 0, "skipped": 2}}}';
const LOGIN = {
  address: '10.1.2.3',
  privateKey: 'PRIVATE',
  certificate: 'CERTIFICATE',
  knownHosts: '10.1.2.3 ssh-x A\n',
};

async function run(report: readonly string[], exitCode = 0, elsewhere = true) {
  const target: Asked[] = [];
  const job: Asked[] = [];
  const told: Event[] = [];
  let closed = 0;
  const lines = ['stage playbook.yml', ...report.map((line) => `report ${line}`), `ended ${exitCode}`];
  const place: AnsiblePlace = {
    shell: shellOf(job, lines, exitCode),
    login: LOGIN,
    close: async () => {
      closed += 1;
    },
  };
  const input = {
    vmid: 1042,
    archive: archive(),
    environment: { HOSTNAME: 'web', IP: '10.1.2.3', TOKEN: SECRET },
    ...(elsewhere ? { ansible: async () => place } : {}),
  };
  const shell = shellOf(target, lines, exitCode);
  const result = await runAnsible(shell, input, call, (event) => told.push(event)).catch((error: unknown) => error);
  return { target, job, closed, result };
}

/** The engine's own files, as they stand at the head of the input. */
function filesOf(input: string | undefined): ReadonlyMap<string, string> {
  const parts = (input ?? '').split('\0');
  return new Map(parts.flatMap((part, index) => (index % 2 === 0 ? [[part, parts[index + 1] ?? ''] as const] : [])));
}

describe('a playbook', () => {
  it('runs elsewhere, with a login for this container; the target gets no file of it', async () => {
    const { target, job, closed, result } = await run([STATS]);
    expect(result).toMatchObject({ summary: '3 ok, 1 changed, 0 failed', warnings: [] });
    expect(target.map(({ command }) => command.name)).toEqual(['prepare for Ansible']);
    expect(job.map(({ command }) => command.name)).toEqual(['playbook.yml']);
    const files = filesOf(job[0]?.input);
    expect(JSON.parse(files.get('inventory.json') ?? '')).toEqual({
      all: {
        hosts: {
          web: {
            ansible_connection: 'ssh',
            ansible_host: '10.1.2.3',
            ansible_user: 'root',
            ansible_python_interpreter: '/usr/bin/python3',
          },
        },
      },
    });
    expect(files.get('login')).toBe('PRIVATE');
    expect(files.get('known_hosts')).toBe(LOGIN.knownHosts);
    expect(files.get('ssh_config')).toMatch(/StrictHostKeyChecking yes/);
    expect(closed).toBe(1);
  });

  it('runs in the container itself where there is no other place: no login', async () => {
    const { target, result } = await run([STATS], 0, false);
    expect(result).toMatchObject({ summary: '3 ok, 1 changed, 0 failed' });
    const files = filesOf(target[1]?.input);
    expect(files.get('inventory.json')).toContain('"ansible_connection":"local"');
    expect(files.has('login')).toBe(false);
  });

  it('gets its values from a file, each as it is; no argument and no environment holds one', async () => {
    const { job } = await run([STATS]);
    const files = filesOf(job[0]?.input);
    const document = parseDocument(files.get('vars.yml') ?? '', { logLevel: 'silent' });
    expect(document.toJS()).toEqual({ HOSTNAME: 'web', IP: '10.1.2.3', TOKEN: SECRET });
    expect(files.get('vars.yml')).toMatch(/^TOKEN: !unsafe "/m);
    // PyYAML breaks lines at more characters than JSON escapes.
    expect(files.get('vars.yml')).not.toMatch(/[^\n -~]/);
    expect(job[0]?.command.argv.join(' ')).not.toContain('geheim');
    expect(job[0]?.command.argv[4]).toBe('0');
  });

  it('that fails names the task with file and line, and gives its place back', async () => {
    const failed =
      '{"failed": {"task": "web : The page", "message": "no room", "file": "roles/web/tasks/main.yml", "line": 7}}';
    const { result, closed } = await run([failed, STATS], 2);
    expect(result).toMatchObject({
      kind: 'remote',
      message: 'Unable to configure container 1042: task "web : The page" (roles/web/tasks/main.yml:7) failed: no room',
    });
    expect(closed).toBe(1);
  });

  it('that is for no host of ours is an error, not a success', async () => {
    const { result } = await run(['{"unmatched": "webservers"}', '{"stats": {}}']);
    expect(result).toMatchObject({ kind: 'user', advice: [expect.stringContaining('hosts: web')] });
  });
});

describe('the report', () => {
  it('adds up hosts, and passes over what is none of it', () => {
    const two = '{"stats": {"a": {"ok": 1, "changed": 1}, "b": {"ok": 2, "unreachable": 1}}}';
    expect(recapOf(['no json', '7', two])).toEqual({ ok: 3, changed: 1, failed: 1, tasks: 4 });
    expect(explainPlaybook(['no json', '7', two])).toBeUndefined();
  });

  it('tells enough of a long reason, in one line', () => {
    const failed = { task: 'a', message: `no\n  room ${'x'.repeat(5000)}` };
    const { reason = '' } = explainPlaybook([JSON.stringify({ failed })]) ?? {};
    expect(reason).toMatch(/^task "a" failed: no room x+$/);
    expect(reason.length).toBeLessThan(1300);
  });

  it('explains by the last failure, since others were rescued', () => {
    const of = (task: string) => JSON.stringify({ failed: { task, message: 'why' } });
    expect(explainPlaybook([of('first'), of('last')])).toEqual({ reason: 'task "last" failed: why' });
  });
});
