import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createVariables } from '../../../../src/adapters/variables/site-variables.ts';

let state: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'variables-'));
});
afterEach(() => rmSync(state, { recursive: true, force: true }));

it('keeps what it is given beside what is there, for nobody else to read', async () => {
  const variables = createVariables(state);
  expect(await variables.all()).toEqual({});
  await variables.keep({ COLOUR: 'blue', TEXT: 'two\nlines' });
  await variables.keep({ COLOUR: 'red' });
  expect(await createVariables(state).all()).toEqual({ COLOUR: 'red', TEXT: 'two\nlines' });
  expect(statSync(join(state, 'variables', 'COLOUR')).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(state, 'variables'))).toEqual(['COLOUR', 'TEXT']);
});

it.each(['../keys', 'a', 'A B', ''])('refuses %j as a name', async (name) => {
  await expect(createVariables(state).keep({ [name]: 'x' })).rejects.toMatchObject({ kind: 'user' });
});
