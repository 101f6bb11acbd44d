import { describe, expect, it } from 'vitest';
import type { FieldName } from '../../../src/definition/field.ts';
import { fieldNames, fields } from '../../../src/definition/fields.ts';
import { problemsOf, read } from './read.ts';

describe('values of an .env file', () => {
  it.each<[FieldName, string, unknown]>([
    ['ip', 'IP=dhcp', 'dhcp'],
    ['ip', 'IP=192.168.178.42/24', '192.168.178.42/24'],
    ['ip', 'IP=10.0.0.1/32', '10.0.0.1/32'],
    ['ip', 'IP=250.249.199.99/10', '250.249.199.99/10'],
    ['ip', 'IP=10.255.100.0/1', '10.255.100.0/1'],
    ['id', 'ID=1', 1],
    ['id', 'ID=999999999', 999_999_999],
    ['hostname', 'HOSTNAME=a', 'a'],
    ['hostname', 'HOSTNAME=My-Host.example.net', 'My-Host.example.net'],
    ['hostname', `HOSTNAME=${'a'.repeat(63)}`, 'a'.repeat(63)],
    ['gateway', 'GATEWAY=192.168.178.1', '192.168.178.1'],
    ['bridge', 'BRIDGE=vmbr0', 'vmbr0'],
    ['cores', 'CORES=8192', 8192],
    ['memory', 'MEMORY=16', 16],
    ['swap', 'SWAP=0', 0],
    ['disk', 'DISK=tank.a_b-c:100000', { storage: 'tank.a_b-c', size: 100_000 }],
    ['boot', 'BOOT=no', false],
    ['boot', 'BOOT=True', true],
    ['boot', 'BOOT=0', false],
    ['boot', 'BOOT=on', true],
    ['state', 'STATE=absent', 'absent'],
    ['template', 'TEMPLATE=debian', 'debian'],
    ['template', 'TEMPLATE=debian-12', 'debian-12'],
    [
      'template',
      'TEMPLATE=local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst',
      'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst',
    ],
    ['unprivileged', 'UNPRIVILEGED=no', false],
    ['nesting', 'NESTING=off', false],
    ['mounts', 'MOUNT=share', [{ kind: 'share' }]],
    [
      'mounts',
      'MOUNT=share, /mnt/data:/data,/dev/ttyUSB0, ',
      [{ kind: 'share' }, { kind: 'bind', host: '/mnt/data', path: '/data' }, { kind: 'device', path: '/dev/ttyUSB0' }],
    ],
    ['mounts', 'MOUNT=/mnt/a..b:/..c', [{ kind: 'bind', host: '/mnt/a..b', path: '/..c' }]],
    ['mounts', 'MOUNT=/dev/serial/by-id/usb-1', [{ kind: 'device', path: '/dev/serial/by-id/usb-1' }]],
    ['health', 'HEALTH=unit:apache2', [{ kind: 'unit', unit: 'apache2' }]],
    [
      'health',
      'HEALTH=unit:a@b.service,tcp:1883',
      [
        { kind: 'unit', unit: 'a@b.service' },
        { kind: 'tcp', port: 1883 },
      ],
    ],
    [
      'health',
      'HEALTH=http://:80/ contains=Hello, https://a.example:8443/x?y=1 status=204 tcp:1',
      [
        { kind: 'http', url: 'http://:80/', contains: 'Hello' },
        { kind: 'http', url: 'https://a.example:8443/x?y=1', status: 204 },
        { kind: 'tcp', port: 1 },
      ],
    ],
    [
      'health',
      `HEALTH='http://:80/ contains="Hello from, me"'`,
      [{ kind: 'http', url: 'http://:80/', contains: 'Hello from, me' }],
    ],
    ['health', 'HEALTH=https://Web-1.example:65535', [{ kind: 'http', url: 'https://Web-1.example:65535' }]],
    ['health', 'HEALTH=http://10.0.0.1', [{ kind: 'http', url: 'http://10.0.0.1' }]],
    ['health', 'HEALTH=http://[::1]:80', [{ kind: 'http', url: 'http://[::1]:80' }]],
  ])('%s: %s', (name, line, value) => {
    expect(read({ 'config.env': line })[name]?.value).toEqual(value);
  });

  it.each([
    ['IP=192.168.178', 'expected an IPv4', undefined],
    ['IP=192.168.178.042', 'expected an IPv4', undefined],
    ['IP=192.168.178.42/33', 'expected an IPv4', undefined],
    ['IP=192.168.178.42/0', 'expected an IPv4', undefined],
    ['IP=192.168.178.42/255.255.255.0', 'expected an IPv4', 'write the prefix length, such as /24'],
    ['IP=10.0.0.256', 'expected an IPv4', undefined],
    ['IP=1234', 'expected an IPv4', undefined],
    ['IP=fd00::42', 'expected an IPv4', 'an IPv6 address is written as ip6'],
    ['IP="$(touch x)"', 'expected an IPv4', 'nothing is evaluated here: write the value itself'],
    ['HOSTNAME="`id`"', 'expected a host name', 'nothing is evaluated here: write the value itself'],
    ['ID=0', 'from 1 to', undefined],
    ['ID=042', 'from 1 to', undefined],
    ['ID=-1', 'from 1 to', undefined],
    ['ID=1000000000', 'from 1 to', undefined],
    ['HOSTNAME=my_host', 'expected a host name', 'write my-host'],
    ['HOSTNAME=my host', 'expected a host name', 'write my-host'],
    ['HOSTNAME=-a', 'expected a host name', 'write a'],
    [`HOSTNAME=${'a'.repeat(64)}`, 'expected a host name', undefined],
    [`HOSTNAME=${'a'.repeat(40)}.${'a'.repeat(40)}`, 'expected a host name', undefined],
    ['CORES=8193', 'to 8192', undefined],
    ['CORES=1.5', 'to 8192', undefined],
    ['CORES=two', 'to 8192', undefined],
    ['MEMORY=8', 'from 16', undefined],
    ['MEMORY=0.5G', 'from 16', 'write 512'],
    ['MEMORY="2 GiB"', 'from 16', 'write 2048'],
    ['MEMORY=512MB', 'from 16', 'write 512'],
    ['MEMORY=1k', 'from 16', undefined],
    ['MEMORY=12x', 'from 16', undefined],
    ['SWAP=1G', 'MiB', 'write 1024'],
    ['DISK=local-lvm:8G', 'storage:GiB', 'write local-lvm:8'],
    ['DISK=local-lvm:size=8G', 'storage:GiB', 'write local-lvm:8'],
    ['DISK=local-lvm:1T', 'storage:GiB', 'write local-lvm:1024'],
    ['DISK=local-lvm:512M', 'storage:GiB', undefined],
    ['DISK=8', 'storage:GiB', 'write the storage too: local-lvm:8'],
    ['DISK=8GB', 'storage:GiB', 'write the storage too: local-lvm:8'],
    ['DISK=local-lvm:0', 'storage:GiB', undefined],
    ['DISK=local-lvm:vm-100-disk-0', 'storage:GiB', undefined],
    ['BOOT=maybe', 'yes or no', undefined],
    ['BOOT=constructor', 'yes or no', undefined],
    ['STATE=gone', 'present or absent', undefined],
    ['GATEWAY=nothing', 'an IPv4 address, or none', undefined],
    ['BRIDGE=vmbr0,tag=4', 'a bridge', undefined],
    ['TEMPLATE=/var/lib/x.tar.gz', 'debian-12', undefined],
    ['TEMPLATE=local:iso/debian.iso', 'debian-12', undefined],
    ['MOUNT=/mnt/data', 'share, /host/path:/path', undefined],
    ['MOUNT=/mnt/data:data', 'share, /host/path:/path', undefined],
    ['MOUNT=/mnt/data:/', 'share, /host/path:/path', undefined],
    ['MOUNT=/mnt/../etc:/data', 'share, /host/path:/path', undefined],
    ['MOUNT=/mnt/..:/data', 'share, /host/path:/path', undefined],
    ['MOUNT=/mnt/data:/..', 'share, /host/path:/path', undefined],
    ['MOUNT=/dev/a:/b', 'share, /host/path:/path', undefined],
    ['MOUNT=/dev/../etc', 'share, /host/path:/path', undefined],
    ['MOUNT=share,nothing', 'share, /host/path:/path', undefined],
    ['MOUNT=,', 'share, /host/path:/path', undefined],
    ['HEALTH=apache2', '"apache2" is no check', undefined],
    ['HEALTH=unit=apache2', '"unit=apache2" is no check', undefined],
    ['HEALTH=ftp://x', '"ftp://x" is no check', undefined],
    ['HEALTH=tcp:0', 'a port', undefined],
    ['HEALTH=tcp:x', 'a port', undefined],
    ['HEALTH=http://:99999/', 'an address such as', undefined],
    ['HEALTH=http://:0/', 'an address such as', undefined],
    ['HEALTH=http://:80/ status=20', 'a status from 100', undefined],
    ['HEALTH=tcp:80 contains=x', 'contains= follows no http address', undefined],
    ['HEALTH=status=200', 'status= follows no http address', undefined],
    ['HEALTH=command:true', 'a command is no value of an .env file', 'write it in container.yml'],
    ['HEALTH=unit:"a', 'no check', undefined],
    ['HEALTH=,', 'checks such as', undefined],
    ['VMID=142', 'is not a key', 'vmid can be written in container.yml only'],
    ['mount=share', 'is not a key', 'write MOUNT'],
    ['COLOUR=red', 'is not a key', `known keys: ${fieldNames.flatMap((name) => fields[name].env ?? []).join(', ')}`],
  ])('%s is refused', (line, message, fix) => {
    const problems = problemsOf({ 'config.env': line });
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toContain(message);
    expect(problems[0]?.fix).toBe(fix);
  });

  it('are not quoted when they are long', () => {
    expect(problemsOf({ 'config.env': `CORES=${'1'.repeat(80)}` })[0]?.message).toBe(
      'expected a whole number from 1 to 8192',
    );
  });
});
