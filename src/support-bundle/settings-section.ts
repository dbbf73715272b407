import { type ArchiveStores, flagName } from '../config/load';
import type { Environment } from '../config/environment';
import { type Option, options } from '../config/options';

/** Names of settings that may hold secrets. */
const secretName = /TOKEN|PASSWORD|PASSWD|SECRET|CREDENTIAL|_URL$|_DSN$|PRIVATE|(^|_)KEY($|_)/i;

/** Every setting by name, with its value, or only whether it is set if the value may be secret. */
export function settingsSection(environment: Environment, flags: Readonly<Record<string, unknown>>) {
  const settings = Object.values<Option>(options).map(({ env, flag, secret, fallback }) => {
    const flagged = flag === undefined ? undefined : flags[flagName(flag)];
    const value = typeof flagged === 'string' ? flagged : environment[env];
    const given = value === undefined || value.trim() === '' ? undefined : value;
    const hidden = secret === true || secretName.test(env);
    return [env, given === undefined ? `(default ${fallback ?? 'none'})` : hidden ? '(set)' : given];
  });
  return Object.fromEntries(settings) as Record<string, string>;
}

/** All values of the environment that must not appear in the bundle. */
export function secretsOf(
  environment: Environment,
  { redis, postgres }: ArchiveStores,
): readonly (string | undefined)[] {
  const named = Object.entries(environment).flatMap(([name, value]) =>
    secretName.test(name) ? [value] : [],
  );
  return [...named, redis.password, postgres?.login.password];
}
