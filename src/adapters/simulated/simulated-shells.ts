import { request } from 'node:https';
import { GitopsError } from '../../model/errors.ts';
import type { Call, RemoteCommand, Shell, Shells } from '../../model/ports.ts';

/** How the control endpoint of a simulated node is reached: its base URL, its secret, and the node's own CA. */
export interface ControlEndpoint {
  /** e.g. https://127.0.0.1:8006/control */
  readonly url: string;
  readonly secret: string;
  readonly ca: string;
}

async function collect(input: RemoteCommand['input']): Promise<Buffer> {
  if (input === undefined) return Buffer.alloc(0);
  if (input instanceof Uint8Array) return Buffer.from(input);
  const chunks: Uint8Array[] = [];
  for await (const chunk of input) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function post(endpoint: ControlEndpoint, path: string, body: unknown, call: Call): Promise<string> {
  const payload = Buffer.from(JSON.stringify(body));
  const signal = AbortSignal.any([call.signal, AbortSignal.timeout(call.timeoutMs)]);
  return new Promise((resolve, reject) => {
    const sent = request(
      `${endpoint.url}${path}`,
      {
        method: 'POST',
        ca: endpoint.ca,
        signal,
        headers: {
          'content-type': 'application/json',
          'content-length': payload.length,
          'x-control-secret': endpoint.secret,
        },
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          if (answer.statusCode === 200) resolve(text);
          else reject(new Error(`${answer.statusCode} ${answer.statusMessage ?? ''}`.trim()));
        });
      },
    );
    sent.on('error', reject);
    sent.end(payload);
  });
}

interface Answer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * What a container in which all goes well would say, where the node was not told to answer otherwise: the end of an
 * engine's programs (src/configure), and one `ok` per check (src/verify).
 */
function withOwnWords(command: RemoteCommand, answer: Answer): Answer {
  if (answer.exitCode !== 0 || answer.stdout !== '' || answer.stderr !== '') return answer;
  if (command.argv[0] === 'bash' && command.argv[3] === 'pve-gitops')
    return { ...answer, stderr: 'pve-gitops: ended 0\n' };
  if (command.name === 'make SSH host keys')
    return { ...answer, stdout: '256 SHA256:simulatedHostKey root@simulated (ED25519)\n' };
  if (command.name !== 'checks') return answer;
  let stdout = '';
  for (let at = command.argv.indexOf('--') + 1, check = 0; at < command.argv.length; check += 1) {
    stdout += `${check} ok not run, the node is simulated\n`;
    at += 2 + Number(command.argv[at + 1] ?? 0);
  }
  return { ...answer, stdout };
}

/**
 * Commands for containers that exist in a simulated node only: they are recorded there and answered as the node was
 * told to. Nothing runs; whoever uses this must say so in the outcome.
 */
export function createSimulatedShells(endpoint: ControlEndpoint): Shells {
  const open = (vmid: number): Shell => ({
    async run(command, call) {
      const input = (await collect(command.input)).toString('base64');
      const text = await post(endpoint, '/exec', { vmid, name: command.name, argv: command.argv, input }, call).catch(
        (cause: unknown) => {
          throw new GitopsError(
            'remote',
            `Unable to run ${command.name} in simulated container ${vmid}: ${String(cause)}`,
            {
              cause,
            },
          );
        },
      );
      const parsed = JSON.parse(text) as { readonly data: Answer };
      const answer = withOwnWords(command, parsed.data);
      for (const line of answer.stdout.split('\n').filter((part) => part !== '')) command.onLine?.(line, 'stdout');
      for (const line of answer.stderr.split('\n').filter((part) => part !== '')) command.onLine?.(line, 'stderr');
      return answer;
    },
    close: () => Promise.resolve(),
  });
  return {
    open: (target) => Promise.resolve(open(target.vmid)),
    answers: () => Promise.resolve(false),
    openPorts: () => Promise.resolve([]),
  };
}
