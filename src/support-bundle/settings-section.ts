import { type ArchiveStores, flagName } from '../config/load';
import type { Environment } from '../config/environment';
import { type Option, options } from '../config/options';

/** By their names, secret or not. */
const secretName = /TOKEN|PASSWORD|PASSWD|SECRET|CREDENTIAL|_URL$|_DSN$|PRIVATE|(^|_)KEY($|_)/i;

/** Every setting by name: what it is set to, or only that it is set when it may hold a secret. */
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

/** Everything in the environment that must not be found in the bundle. */
export function secretsOf(
  environment: Environment,
  { redis, postgres }: ArchiveStores,
): readonly (string | undefined)[] {
  const named = Object.entries(environment).flatMap(([name, value]) =>
    secretName.test(name) ? [value] : [],
  );
  return [...named, redis.password, postgres?.login.password];
}
