import { describe, expect, it } from 'vitest';
import { directoryVariables } from '../../../src/configure/directory-variables.ts';
import { ProblemsError } from '../../../src/model/errors.ts';

async function read(files: Readonly<Record<string, string>>) {
  const masked: string[] = [];
  const source = {
    list: () => Promise.resolve(Object.keys(files)),
    read: (_: string, names: readonly string[]) =>
      Promise.resolve(
        new Map(
          Object.entries(files)
            .filter(([name]) => names.includes(name))
            .map(([name, text]) => [name, new TextEncoder().encode(text)]),
        ),
      ),
  };
  const secrets = { mask: (value: string) => void masked.push(value) };
  return { variables: await directoryVariables({ directory: '/d', source, secrets }), masked };
}

describe('variables of a directory in the one-directory-per-container form', () => {
  it('are the simple assignments of both files, configSettings after .env, whose values are masked', async () => {
    const { variables, masked } = await read({
      configSettings: 'APP=Pi-hole\nDOMAIN=home\nX=$(id)\nfunction HOOK_mapping {\n Y=1\n}\n',
      '.env': "DOMAIN=secret.example\nexport WEBPASSWORD='pa ss'\nNUMBER=53\nFLAG=true\n",
    });
    expect(variables).toEqual({
      APP: 'Pi-hole',
      DOMAIN: 'home',
      WEBPASSWORD: 'pa ss',
      NUMBER: '53',
      FLAG: 'true',
    });
    expect(masked).toEqual(['secret.example', 'pa ss']);
  });

  it('none of them is one that the shell or the runner goes by', async () => {
    const text = 'PATH=/evil\nLD_PRELOAD=x\nBASH_ENV=x\nIFS=,\nUID=0\nPVE_GITOPS_KIT=x\nPWD=/\nPATHS=mine\n';
    expect((await read({ configSettings: text })).variables).toEqual({ PATHS: 'mine' });
  });

  it('there are none in other directories, whatever their .env holds', async () => {
    expect(await read({ 'configure.sh': '', '.env': 'A=$(id)\n' })).toEqual({ variables: {}, masked: [] });
  });

  it('an .env that needs bash is refused with its lines, and nothing of it is shown', async () => {
    const error = await read({
      'build-target.sh': '',
      '.env': 'TOKEN=hush-hush\nKEY="$(cat /etc/hush)"\nsource ./hush\nLIST=(hush)\n',
    }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ProblemsError);
    const { problems, message } = error as ProblemsError;
    expect(problems).toEqual([
      expect.objectContaining({ file: '.env', line: 2, key: 'KEY', message: 'has a value that bash would compute' }),
      expect.objectContaining({ file: '.env', line: 3, message: 'is no plain assignment' }),
      expect.objectContaining({ file: '.env', line: 4, key: 'LIST', message: 'is an array' }),
    ]);
    expect(message + JSON.stringify(problems)).not.toContain('hush');
  });
});
