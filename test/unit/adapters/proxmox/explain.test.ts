import { describe, expect, it } from 'vitest';
import { explain } from '../../../../src/adapters/proxmox/explain.ts';
import { Failure, type FailureDetail } from '../../../../src/adapters/proxmox/failure.ts';
import { GitopsError } from '../../../../src/model/errors.ts';

const said = (detail: FailureDetail, uncertain = false) => explain('do it', new Failure(detail, { uncertain }));
const answered = (status: number, text: string) => said({ kind: 'answered', status, text, fields: {} });

describe('words for what went wrong', () => {
  it('errors that are in words already pass', () => {
    const error = new GitopsError('user', 'Unable to x: y');
    expect(explain('do it', error)).toBe(error);
  });

  it('what nobody expected is a bug', () => {
    expect(explain('do it', new TypeError('x is not a function'))).toMatchObject({
      kind: 'bug',
      message: 'Unable to do it: x is not a function',
    });
  });

  it.each([
    'CT is locked (backup)',
    "can't lock file '/run/lock/lxc/pve-config-120.lock' - got timeout",
    'detected modified configuration - file changed by other user? Try again.',
  ])('busy: %s', (text) => {
    expect(answered(500, text).kind).toBe('busy');
    expect(said({ kind: 'task', upid: 'u', exit: text, log: [] }).kind).toBe('busy');
  });

  it.each(["CT 100 already exists on node 'pve'", 'cluster not ready - no quorum?', "storage 'x' does not exist"])(
    'remote: %s',
    (text) => {
      expect(answered(500, text).kind).toBe('remote');
    },
  );

  it.each<[number, string, RegExp]>([
    [401, 'authentication failure', /user \(with its realm/],
    [401, 'Authentication failed!', /API token/],
    [
      403,
      'Permission check failed (/storage/local, Datastore.AllocateSpace|Datastore.Audit)',
      /Datastore.AllocateSpace or Datastore.Audit on \/storage\/local/,
    ],
    [403, 'Permission check failed', /lacks a privilege/],
    [
      403,
      'Permission check failed (changing feature flags (except nesting) is only allowed for root@pam)',
      /root@pam and its password/,
    ],
    [500, "can't remove CT 100 - protection mode enabled", /protection off/],
    [500, "unable to open file '/etc/pve/nodes/pve/lxc/100.conf.tmp.152' - Permission denied", /quorum/],
    [500, 'unable to remove CT 120 - used in HA resources and purge parameter not set.', /ha-manager/],
    [595, 'Errors during connection establishment', /other node/],
  ])('%d %s: advice', (status, text, advice) => {
    expect(answered(status, text).advice.join('\n')).toMatch(advice);
  });

  it('an uncertain end says so', () => {
    const error = said({ kind: 'lost', endpoint: 'pve:8006', reason: 'socket hang up' }, true);
    expect(error.message).toBe('Unable to do it: the connection to pve:8006 was lost: socket hang up');
    expect(error.remote).toEqual({ status: 0, uncertain: true });
    expect(error.advice.join()).toContain('may have been done');
  });

  it('a task has no status, and its log is beside the message too', () => {
    const error = said({ kind: 'task', upid: 'u', exit: 'failed', log: ['a', 'TASK ERROR: failed'] });
    expect(error.message).toBe('Unable to do it: failed\n  a\n  TASK ERROR: failed');
    expect(error.remote).toEqual({ log: ['a', 'TASK ERROR: failed'] });
  });
});
