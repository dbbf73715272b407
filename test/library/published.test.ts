import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { packageRoot, readAsset } from '../../src/foundation/package-root';

const manifest = z
  .looseObject({
    name: z.string(),
    version: z.string(),
    private: z.undefined().optional(),
    license: z.literal('MIT'),
    author: z.string().min(1),
    description: z.string().min(1),
    keywords: z.array(z.string()).min(1),
    homepage: z.url(),
    repository: z.object({ type: z.literal('git'), url: z.string() }),
    bugs: z.object({ url: z.url() }),
    scripts: z.record(z.string(), z.string()),
  })
  .parse(JSON.parse(readAsset('package.json')));

test('package.json says what a registry asks, and what is packed has been compiled by set-up', () => {
  const address = manifest.repository.url.replace(/^git\+/, '').replace(/\.git$/, '');
  for (const url of [manifest.homepage, manifest.bugs.url]) expect(url).toContain(address);
  expect(manifest.scripts['prepack']).toBe(manifest.scripts['setup']);
  expect(readAsset('LICENSE')).toMatch(
    new RegExp(`^MIT License\n\nCopyright \\(c\\) \\d{4} ${manifest.author}\n`),
  );
});

test('the address of the project stands in package.json alone', () => {
  const address = new URL(manifest.homepage).pathname.split('/').slice(1, 3).join('/');
  const texts = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CODE_OF_CONDUCT.md', 'CHANGELOG.md'];
  expect(texts.filter((path) => readAsset(path).includes(address))).toEqual([]);
});

test('the changelog has what is not released first, then each version with its date, this one among them', () => {
  const [first, ...versions] = [...readAsset('CHANGELOG.md').matchAll(/^## (.*)$/gm)].map(
    (match) => match[1],
  );
  expect(first).toBe('Unreleased');
  const dated = versions.map((line) => /^(\d+\.\d+\.\d+) - (\d{4}-\d\d-\d\d)$/.exec(line ?? ''));
  expect(dated.every((match) => match !== null)).toBe(true);
  expect(dated.map((match) => match?.[1])).toContain(manifest.version);
  const dates = dated.map((match) => match?.[2] ?? '');
  expect(dates).toEqual([...dates].sort().reverse());
});

test('what a contributor reads names only files that are there', () => {
  for (const path of ['CONTRIBUTING.md', 'SECURITY.md', 'CODE_OF_CONDUCT.md']) {
    const links = [...readAsset(path).matchAll(/\]\(([^)#]+)[^)]*\)/g)].map((match) => match[1] ?? '');
    expect(links.length).toBeGreaterThan(0);
    expect([path, links.filter((link) => !existsSync(join(packageRoot, link)))]).toEqual([path, []]);
  }
});

test('CI runs the gate and may change nothing; foreign actions are named by commit', () => {
  const text = readAsset('.github/workflows/ci.yml');
  const step = z.looseObject({ uses: z.string().optional(), run: z.string().optional() });
  const { permissions, jobs } = z
    .looseObject({
      permissions: z.record(z.string(), z.string()),
      jobs: z.record(z.string(), z.looseObject({ steps: z.array(step) })),
    })
    .parse(parseYaml(text));
  expect(permissions).toEqual({ contents: 'read' });
  const steps = Object.values(jobs).flatMap((job) => job.steps);
  expect(steps.map(({ run }) => run)).toContain('bash .ci/run');
  for (const { uses } of steps) if (uses !== undefined) expect(uses).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
});

test('every issue form is one: it says what it is for, and each question has a name of its own', () => {
  const folder = '.github/ISSUE_TEMPLATE';
  const element = z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('markdown'), attributes: z.object({ value: z.string() }) }),
    z.strictObject({
      type: z.enum(['textarea', 'input']),
      id: z.string().regex(/^[\w-]+$/),
      attributes: z.looseObject({ label: z.string() }),
      validations: z.strictObject({ required: z.boolean() }).optional(),
    }),
  ]);
  const form = z.strictObject({
    name: z.string(),
    description: z.string(),
    labels: z.array(z.string()),
    body: z.array(element),
  });
  const names = readdirSync(join(packageRoot, folder)).filter((name) => name !== 'config.yml');
  expect(names.length).toBe(2);
  for (const name of names) {
    const { body } = form.parse(parseYaml(readAsset(`${folder}/${name}`)));
    const ids = body.flatMap((one) => ('id' in one ? [one.id] : []));
    expect(new Set(ids).size).toBe(ids.length);
    expect(body.some((one) => 'validations' in one && one.validations?.required === true)).toBe(true);
  }
});
