import { readAsset } from './package-root';

const majorOf = (version: string): number => Number.parseInt(version.replace(/^\D+/, ''), 10);

function refuse(sentence: string): never {
  throw new Error(sentence);
}

/**
 * Makes sure that this Node is new enough. Called before better-sqlite3 is loaded, which silently ends the process in an older Node.
 * @param tell gets a sentence if this Node is too old; by default it is thrown
 */
export function demandNode(tell: (sentence: string) => void = refuse): void {
  const { engines } = JSON.parse(readAsset('package.json')) as { engines: { node: string } };
  const oldest = majorOf(engines.node);
  if (majorOf(process.version) >= oldest) return;
  const where = 'in a checkout "npm start" and "npx millrace" bring one, elsewhere see https://nodejs.org/';
  tell(`Millrace needs Node ${oldest} or newer, and this is ${process.version}: ${where}`);
}
