import { describe, expect, it } from 'vitest';
import { type SettingName, type SettingRow, settingRows } from '../../../src/settings/table.ts';

function parse(name: SettingName, text: string): unknown {
  const row: SettingRow<unknown> = settingRows[name];
  const parsed = row.parse(text);
  return 'wrong' in parsed ? parsed : parsed.value;
}

const ED25519 = `ssh-ed25519 ${'A'.repeat(68)} me@home`;
const ECDSA = `ecdsa-sha2-nistp256 ${'A'.repeat(100)}= me`;
const PIN = 'AB:'.repeat(31);

describe('values that are understood', () => {
  it.each<[SettingName, string, unknown]>([
    ['hosts', 'pve', ['pve']],
    ['hosts', 'pve.example.net:8443', ['pve.example.net:8443']],
    ['hosts', 'https://pve.example.net:8006', ['pve.example.net:8006']],
    ['hosts', 'https://pve.example.net:8006/', ['pve.example.net:8006']],
    ['hosts', 'HTTPS://PVE/', ['PVE']],
    ['hosts', '192.168.178.10', ['192.168.178.10']],
    ['hosts', '[2001:db8::1]:8006', ['[2001:db8::1]:8006']],
    ['hosts', 'a, b:1 ,https://c', ['a', 'b:1', 'c']],
    ['hosts', 'pve:65535,pve:1', ['pve:65535', 'pve:1']],
    ['hosts', '10.255.0.255', ['10.255.0.255']],
    ['gateway', '255.0.255.1', '255.0.255.1'],
    ['port', '8443', 8443],
    ['port', '1', 1],
    ['port', '65535', 65_535],
    ['prefix', '32', 32],
    ['node', 'pve-1', 'pve-1'],
    ['user', 'root@pam', 'root@pam'],
    ['user', 'git.ops@home-ldap', 'git.ops@home-ldap'],
    ['tokenId', 'root@pam!gitops', 'root@pam!gitops'],
    ['fingerprint', `${PIN}cd`, [`${PIN}CD`]],
    ['fingerprint', 'ab'.repeat(32), [`${PIN}AB`]],
    ['fingerprint', `SHA256:${'ab'.repeat(32)}`, [`${PIN}AB`]],
    ['prefix', '24', 24],
    ['nameserver', '192.168.178.1', '192.168.178.1'],
    ['nameserver', '192.168.178.1, 9.9.9.9', '192.168.178.1 9.9.9.9'],
    ['translate', '10.91.0.0/16', '10.91.0.0/16'],
    ['timezone', 'Europe/Berlin', 'Europe/Berlin'],
    ['timezone', 'Etc/UTC', 'Etc/UTC'],
    ['locale', 'de_DE.UTF-8', 'de_DE.UTF-8'],
    ['locale', 'C.UTF-8', 'C.UTF-8'],
    ['upgrade', 'Yes', true],
    ['upgrade', '1', true],
    ['upgrade', 'on', true],
    ['upgrade', 'false', false],
    ['upgrade', 'OFF', false],
    ['sshKeys', `${ED25519}\n\n${ED25519}`, [ED25519, ED25519]],
    ['sshKeys', ECDSA, [ECDSA]],
    ['share', '/mnt/pve/share', '/mnt/pve/share'],
    ['stateDirectory', '/home/me/my state', '/home/me/my state'],
    ['simulated', 'https://127.0.0.1:8006/control', 'https://127.0.0.1:8006/control'],
    ['vmidBase', '1000', 1000],
  ])('%s %s', (name, text, value) => {
    expect(parse(name, text)).toEqual(value);
  });
});

describe('values that are refused, with a reason', () => {
  it.each<[SettingName, string, string]>([
    ['hosts', 'root:pw@pve', 'no user'],
    ['hosts', 'http://pve', 'https only'],
    ['hosts', 'https://pve/api2/json', 'no path'],
    ['hosts', 'pve:0', 'port'],
    ['hosts', 'pve:65536', 'port'],
    ['hosts', '192.168.178.300', 'pve.example.net'],
    ['hosts', '[nothing]', 'pve.example.net'],
    ['hosts', 'p ve', 'pve.example.net'],
    ['hosts', '-pve', 'pve.example.net'],
    ['hosts', ' , ', 'at least one'],
    ['hosts', 'good,bad host', 'pve.example.net'],
    ['port', '0', 'from 1 to 65535'],
    ['port', '65536', 'from 1 to 65535'],
    ['port', '8e3', 'whole number'],
    ['node', 'pve.home', 'name of a node'],
    ['user', 'root', 'realm is missing'],
    ['user', 'root@pam!x', 'names a token'],
    ['user', '@pam', 'user@realm'],
    ['tokenId', 'root@pam!x=1234', 'a secret follows'],
    ['tokenId', 'x', 'user@realm!name'],
    ['fingerprint', 'ab'.repeat(20), 'SHA-1'],
    ['fingerprint', 'ab'.repeat(31), '64 hex digits'],
    ['prefix', '33', 'from 1 to 32'],
    ['gateway', '192.168.178', 'IPv4'],
    ['gateway', '192.168.178.01', 'IPv4'],
    ['gateway', '192.168.178.256', 'IPv4'],
    ['translate', '10.91.1.0/16', 'range'],
    ['translate', '10.91.0.0/24', 'range'],
    ['translate', '999.1.0.0/16', 'range'],
    ['timezone', 'Europe/Berlim', 'time zone'],
    ['timezone', '+02:00', 'time zone'],
    ['locale', 'de_DE', 'UTF-8 locale'],
    ['upgrade', 'maybe', 'yes or no'],
    ['sshKeys', '-----BEGIN OPENSSH PRIVATE KEY-----', 'private key'],
    ['sshKeys', 'command="x" ssh-ed25519 AAAA', 'public key'],
    ['storage', 'a b', 'storage'],
    ['bridge', 'vmbr0,tag=1', 'bridge'],
    ['share', 'mnt', 'absolute path'],
    ['share', '/mnt/../etc', 'absolute path'],
    ['share', '/mnt,mp=/x', 'absolute path'],
    ['simulated', 'http://127.0.0.1', 'https address'],
    ['site', 'My Site', 'lower-case'],
    ['vmidBase', '99', 'from 100'],
  ])('%s %s', (name, text, reason) => {
    expect(parse(name, text)).toMatchObject({ wrong: expect.stringContaining(reason) as string });
  });
});
