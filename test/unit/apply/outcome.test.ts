import { describe, expect, it } from 'vitest';
import { finishedOutcome } from '../../../src/apply/outcome.ts';

type Finished = Parameters<typeof finishedOutcome>[0];

function urls(more: Partial<Finished>): unknown {
  const outcome = finishedOutcome({
    converged: { kind: 'converged', plan: { vmid: 1042 }, results: [] } as unknown as Finished['converged'],
    checks: [],
    address: '10.0.0.5',
    health: [],
    openPorts: [],
    milliseconds: 1,
    ...more,
  });
  return outcome.kind === 'done' ? outcome.urls : outcome.kind;
}

describe('where a container can be reached', () => {
  it.each([
    ['http://:80/', 'http://10.0.0.5/'],
    ['http://localhost/status', 'http://10.0.0.5/status'],
    ['http://127.0.0.1:8080/', 'http://10.0.0.5:8080/'],
    ['https://:443', 'https://10.0.0.5/'],
    ['http://:443/', 'http://10.0.0.5:443/'],
    ['https://web.example/', 'https://web.example/'],
  ])('%s is %s', (url, told) => {
    expect(urls({ health: [{ kind: 'http', url }] })).toEqual([told]);
  });

  it('is told by the ports that are open where no check says it', () => {
    expect(urls({ health: [{ kind: 'unit', unit: 'apache2' }], openPorts: [80, 443] })).toEqual([
      'http://10.0.0.5/',
      'https://10.0.0.5/',
    ]);
    expect(urls({ health: [{ kind: 'tcp', port: 1883 }] })).toEqual(['tcp://10.0.0.5:1883']);
  });

  it('has an IPv6 address in brackets, and is nowhere without one', () => {
    expect(urls({ address: 'fd00::5', health: [{ kind: 'http', url: 'http://:80/' }] })).toEqual(['http://[fd00::5]/']);
    expect(urls({ address: undefined, openPorts: [80] })).toEqual([]);
  });
});
