/**
 * node compile.mjs <tsconfig.json>…: prints what the compiler says of these projects. They share what was read, and a declaration file
 * of another package is checked in the first project that has it; Millrace's and the project's own files are checked in each.
 */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import ts from 'typescript';

/** Declarations of packages, and of the language, as a module system understands them. */
const declarations = new Map();
const checked = new Set();

function hostOf(options) {
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (path, how, ...more) => {
    if (!path.includes('/node_modules/')) return read(path, how, ...more);
    const key = `${path} ${how.impliedNodeFormat}`;
    if (!declarations.has(key)) declarations.set(key, read(path, how, ...more));
    return declarations.get(key);
  };
  return host;
}

const isOurs = (path) => !path.includes('/node_modules/') || path.includes('/node_modules/millrace/dist/');

function problemsOf(configPath) {
  const { config } = ts.parseConfigFileTextToJson(configPath, readFileSync(configPath, 'utf8'));
  const { options, fileNames, errors } = ts.parseJsonConfigFileContent(config, ts.sys, dirname(configPath));
  const program = ts.createProgram(fileNames, options, hostOf(options));
  const files = program.getSourceFiles().filter((file) => isOurs(file.fileName) || !checked.has(file));
  for (const file of files) checked.add(file);
  return [
    ...errors,
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...files.flatMap((file) => [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ]),
  ];
}

const host = { ...ts.sys, getCanonicalFileName: (path) => path, getNewLine: () => '\n' };
for (const path of process.argv.slice(2))
  process.stdout.write(
    ts.formatDiagnostics(problemsOf(path), { ...host, getCurrentDirectory: () => dirname(path) }),
  );
