export interface MasterOptions {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly controlPath: string;
  readonly identityFile: string;
  readonly certificateFile: string;
  readonly knownHostsCommand: string;
  readonly connectTimeoutSeconds: number;
}

/** Nothing of this user's or this machine's configuration has a say, and nothing is ever asked. */
const COMMON = ['-F', 'none', '-T', '-o', 'BatchMode=yes', '-o', 'LogLevel=ERROR'];

/** Plain keys only: a pinned fingerprint is a key's, and a host certificate would be matched by another rule. */
const HOST_KEY_ALGORITHMS = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
].join(',');

/** The connection itself; it stays in the foreground, so its end is ours to see and its death follows ours. */
export function masterArguments(options: MasterOptions, remoteLine: string): readonly string[] {
  const settings = {
    ControlMaster: 'yes',
    ControlPath: options.controlPath,
    ControlPersist: 'no',
    StrictHostKeyChecking: 'yes',
    KnownHostsCommand: options.knownHostsCommand,
    UserKnownHostsFile: 'none',
    GlobalKnownHostsFile: 'none',
    VerifyHostKeyDNS: 'no',
    UpdateHostKeys: 'no',
    CheckHostIP: 'no',
    HostKeyAlgorithms: HOST_KEY_ALGORITHMS,
    PreferredAuthentications: 'publickey',
    PubkeyAuthentication: 'yes',
    IdentityAgent: 'none',
    IdentitiesOnly: 'yes',
    IdentityFile: options.identityFile,
    CertificateFile: options.certificateFile,
    ClearAllForwardings: 'yes',
    ForwardAgent: 'no',
    ForwardX11: 'no',
    PermitLocalCommand: 'no',
    ConnectTimeout: String(options.connectTimeoutSeconds),
    // A peer that vanished is noticed after a minute.
    ServerAliveInterval: '15',
    ServerAliveCountMax: '4',
    TCPKeepAlive: 'yes',
  };
  const flags = Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  return [...COMMON, ...flags, '-p', String(options.port), '-l', options.user, '--', options.address, remoteLine];
}

/** A command over that connection. It never makes one of its own, which would know nothing of pins and keys. */
export function commandArguments(controlPath: string, address: string, remoteLine: string): readonly string[] {
  const own = ['-o', 'ControlMaster=no', '-o', `ControlPath=${controlPath}`, '-o', 'ProxyCommand=false'];
  return [...COMMON, ...own, '--', address, remoteLine];
}
