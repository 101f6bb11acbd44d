import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { openAnswer, readData } from '../../../../src/adapters/proxmox/answer.ts';
import { Failure, failureFields, failureStatus, failureText } from '../../../../src/adapters/proxmox/failure.ts';

function failure(run: () => unknown): Failure {
  try {
    run();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('expected a failure');
}

const open = (status: number, reason: string, body: string) => failure(() => openAnswer({ status, reason, body }));

describe('answers', () => {
  it('data, whatever it is', () => {
    expect(openAnswer({ status: 200, reason: 'OK', body: '{"data":null}' })).toBeNull();
    expect(openAnswer({ status: 200, reason: 'OK', body: '{"data":"101"}' })).toBe('101');
  });

  it('row 45: message without its newline', () => {
    const message = "Configuration file 'nodes/pve/lxc/999.conf' does not exist";
    const error = open(500, message, JSON.stringify({ data: null, message: `${message}\n` }));
    expect([failureStatus(error), failureText(error)]).toEqual([500, message]);
    expect(error.uncertain).toBe(false);
  });

  it('row 70: errors by parameter', () => {
    const body = { data: null, errors: { vmid: 'VM 100 already exists' }, message: 'Parameter verification failed.\n' };
    const error = open(400, 'Parameter verification failed.', JSON.stringify(body));
    expect(failureFields(error)).toEqual({ vmid: 'VM 100 already exists' });
  });

  it('a message of several lines becomes one', () => {
    const error = open(400, 'x', JSON.stringify({ message: 'format error\nnet0.name: property is missing\n\n' }));
    expect(failureText(error)).toBe('format error; net0.name: property is missing');
  });

  it('row 4: a 401 has the reason phrase only', () => {
    expect(failureText(open(401, 'No ticket', ''))).toBe('No ticket');
  });

  it('row 1058: plain text beside the reason', () => {
    const text = `'"' expected, at character offset 1`;
    expect(failureText(open(500, text, `${text}\n`))).toBe(text);
  });

  it('no words at all: the status', () => {
    expect(failureText(open(500, '', ''))).toBe('status 500');
  });

  it.each([595, 596, 597, 598, 599, 502, 503, 504])('%d leaves open what happened', (status) => {
    expect(open(status, 'x', '').uncertain).toBe(true);
  });

  it.each([400, 401, 403, 500, 501])('%d does not', (status) => {
    expect(open(status, 'x', '').uncertain).toBe(false);
  });

  it('a good status and no JSON', () => {
    expect(open(200, 'OK', '<html>').detail).toEqual({
      kind: 'garbled',
      status: 200,
      reason: 'the answer is not JSON',
    });
  });

  it('a shape that is not the promised one says where', () => {
    const error = failure(() => readData(z.array(z.object({ vmid: z.number() })), [{ vmid: 1 }, { vmid: 'x' }]));
    expect(error.detail).toMatchObject({ kind: 'garbled', reason: expect.stringContaining('1.vmid') as string });
  });
});
