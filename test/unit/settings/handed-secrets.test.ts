import { expect, it } from 'vitest';
import { handedSecrets } from '../../../src/settings/handed-secrets.ts';

it('takes the secrets of definitions, and nothing else of a workflow', () => {
  const given = {
    SECRET_DB: 'a\nb',
    SECRET_EMPTY: '',
    GITHUB_TOKEN: 't',
    PROXMOX_PASSWORD: 'p',
    SECRET_N: 7,
    'SECRET_A-B': 'x',
  };
  expect(handedSecrets(JSON.stringify(given))).toEqual({ SECRET_DB: 'a\nb' });
  expect(handedSecrets('')).toEqual({});
  expect(handedSecrets('null')).toEqual({});
});

it.each(['[]', '"text"', '{"SECRET_DB": "hidden"'])('refuses %s without quoting it', (text) => {
  expect(() => handedSecrets(text)).toThrow('Unable to read the input secrets: it is no JSON object');
  expect(() => handedSecrets(text)).not.toThrow('hidden');
});
