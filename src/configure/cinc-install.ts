import { CINC_FILES } from './cinc-files.ts';

/** Where Cinc's own packages come from, and which of them may be installed. */
export interface CincSource {
  readonly version: string;
  /** Without a slash at its end; below it as Cinc lays its packages out: stable/cinc/VERSION/PLATFORM/RELEASE/. */
  readonly mirror: string;
  /** Hex SHA-256 by `platform/release/architecture`, such as debian/12/amd64. */
  readonly checksums: Readonly<Record<string, string>>;
}

/** The sums stand in public cookbooks that pin these packages; that of debian/13/amd64 in two that know nothing of each other. */
export const CINC_SOURCE: CincSource = {
  version: '19.3.14',
  mirror: 'https://packages.cinc.sh/files',
  checksums: {
    'debian/12/amd64': '0faa6af94a6f4ac9c45a2435f130d8f08f54470bfabf91ef1c3ed266ca5ee70a',
    'debian/12/arm64': '31cd744e04ef244a4b1c4024203901813ef020599493a990498a48c8a174e137',
    'debian/13/amd64': 'a6094f97527371b113acfda7bcceecc4d7113a00f71031d709bbe8367aeefebd',
    'debian/13/arm64': '8278d9d55880f29cb41ecc05c5b6938253ff4a0faa91749b25b121cb80aeba50',
    'ubuntu/24.04/amd64': 'c710cc8bf953fa56b7a4b0b726d9fcb9cb5bad2dc8caec4eaa439c4626f9aebf',
    'ubuntu/24.04/arm64': 'afd790a8d80c74b21909914041547a65cea86b28c64c33a3c081960beb2f103d',
  },
};

/** Ours, but for what a site wants otherwise. Sums are of one version: another version has none but those that are given. */
export function cincSource(wanted: Partial<CincSource> = {}): CincSource {
  const version = wanted.version ?? CINC_SOURCE.version;
  const known = version === CINC_SOURCE.version ? CINC_SOURCE.checksums : {};
  return { version, mirror: wanted.mirror ?? CINC_SOURCE.mirror, checksums: { ...known, ...wanted.checksums } };
}

/**
 * The command that installs the Cinc client as root where it is missing or of another version; it does nothing, and is
 * quick, where it is there. A `cinc-client` that no package brought is left as it is. Says `changed: …` or `error: …`.
 */
export function cincInstallScript(source: CincSource): readonly [string, ...string[]] {
  const sums = Object.entries(source.checksums).map(([place, sum]) => `${place}=${sum}`);
  return ['sh', '-c', CINC_FILES['client/install.sh'], 'cinc-install', source.version, source.mirror, ...sums];
}
