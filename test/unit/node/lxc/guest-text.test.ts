import { describe, expect, it } from 'vitest';
import {
  guestResolver,
  hostnameFile,
  hostsFile,
  replaceSection,
  resolvConf,
  shadowWithRootPassword,
  usableResolver,
} from '../../../../local/node/backend/lxc/guest-text.ts';
import { sha512Crypt } from '../../../../local/node/backend/lxc/sha512-crypt.ts';

describe('a section of ours in a file', () => {
  it('is put at the end, replaced where it is, and taken out', () => {
    const once = replaceSection('127.0.0.1 localhost\n', ['a'], 'end');
    expect(once).toBe('127.0.0.1 localhost\n# --- BEGIN PVE ---\na\n# --- END PVE ---\n');
    const with_ = `${once}10.0.0.9 printer\n`;
    expect(replaceSection(with_, ['b'], 'end')).toBe(with_.replace('\na\n', '\nb\n'));
    expect(replaceSection(with_, [], 'end')).toBe('127.0.0.1 localhost\n10.0.0.9 printer\n');
  });
});

describe('names', () => {
  it.each([
    [{ hostname: 'web' }, '10.0.0.2', 'web\n', '10.0.0.2 web'],
    [{ hostname: 'web.example.org' }, '10.0.0.2', 'web\n', '10.0.0.2 web.example.org web'],
    [{ hostname: 'web', searchdomain: 'example.org lan' }, undefined, 'web\n', '127.0.1.1 web.example.org web'],
  ])('%j', (name, address, file, line) => {
    expect(hostnameFile(name)).toBe(file);
    expect(hostsFile('127.0.0.1 localhost\n', name, address).split('\n')).toContain(line);
  });
});

describe('the resolver', () => {
  it('is the host’s where a container can reach it', () => {
    const text = '# x\nsearch lan\nnameserver 192.0.2.1\nnameserver 127.0.0.1\n';
    expect(usableResolver(text, '')).toEqual({ nameservers: ['192.0.2.1'], search: ['lan'] });
  });

  it('is the one behind systemd-resolved’s stub', () => {
    const real = 'nameserver 192.0.2.53\nsearch example.org\n';
    expect(usableResolver('nameserver 127.0.0.53\n', real)).toEqual({
      nameservers: ['192.0.2.53'],
      search: ['example.org'],
    });
  });

  it('is what the config says, each part for itself', () => {
    const host = { nameservers: ['192.0.2.1'], search: ['lan'] };
    const own = guestResolver('9.9.9.9 149.112.112.112', undefined, host);
    expect(own).toEqual({ nameservers: ['9.9.9.9', '149.112.112.112'], search: ['lan'] });
    expect(resolvConf(own)).toBe(
      '# --- BEGIN PVE ---\nsearch lan\nnameserver 9.9.9.9\nnameserver 149.112.112.112\n# --- END PVE ---\n',
    );
  });
});

describe('the root password', () => {
  // Both hashes were made with `openssl passwd -6`.
  it('is hashed as other programs do', () => {
    expect(sha512Crypt('Hello world!', 'saltstring')).toBe(
      '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
    );
  });

  it('is so with more bytes than a digest has', () => {
    const long = 'a very much longer text to encrypt.  This one even stretches over more than one line and more';
    expect(sha512Crypt(long, 'abc')).toBe(
      '$6$abc$1XlO6eYy6soZfrJW3FFZcXPt6tT/OG6QObtB3AeAUrI.ivO6srIoHTdfMiFc93lQdvf0elbfpwsYojODzFS5D.',
    );
  });

  it('replaces root’s hash alone', () => {
    const shadow = 'daemon:*:1:0:99999:7:::\nroot:*:2:0:99999:7:::\n';
    expect(shadowWithRootPassword(shadow, '$6$x', 20000)).toBe(
      'daemon:*:1:0:99999:7:::\nroot:$6$x:20000:0:99999:7:::\n',
    );
    expect(shadowWithRootPassword('', '$6$x', 20000)).toMatch(/^root:\$6\$x:20000:/);
  });
});
