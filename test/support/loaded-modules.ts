/** Imports of modules that Vitest's module runner has loaded before. */

/** What is used of the module runner, which is the one of `vite/module-runner`. */
interface ModuleRunner {
  evaluatedModules: { getModuleByUrl(url: string): { meta?: object } | undefined };
  /** Asks Vite for the module, even if the runner has its code: a mock may have taken its place. */
  cachedModule(url: string, importer?: string): Promise<object>;
}

declare global {
  var __vitest_mocker__: { moduleRunner: ModuleRunner };
}

/**
 * Lets the module runner import the modules that it has loaded without asking Vite for them. In workerd each question
 * is a request to an object, and there is one for each import in each file, for each request to the Worker and for
 * each call of its objects. Without mocks of modules, which no test in workerd has, the answer is always the same.
 */
export function importLoadedModulesDirectly(): void {
  const runner = globalThis.__vitest_mocker__.moduleRunner;
  if (Object.hasOwn(runner, "cachedModule")) return;
  const askVite = runner.cachedModule.bind(runner);
  runner.cachedModule = async (url, importer) => {
    const loaded = runner.evaluatedModules.getModuleByUrl(url);
    return loaded?.meta ? loaded : askVite(url, importer);
  };
}
