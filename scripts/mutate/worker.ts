/** The process that runs the tests of many mutants, and reloads only what a mutant changes. */
import type { ProvidedContext } from 'vitest'
import { init, runBaseTests, setupEnvironment } from 'vitest/worker'

type ModuleRunner = Parameters<NonNullable<Parameters<typeof init>[0]['onModuleRunner']>>[0]

let modules: ModuleRunner['evaluatedModules'] | undefined

/** Forgets these files and all that import them. */
function reload(files: readonly string[]): void {
  const seen = new Set<string>()
  const forget = (id: string) => {
    const module = modules?.getModuleById(id)
    if (module === undefined || seen.has(id)) return
    seen.add(id)
    const importers = [...module.importers]
    modules!.invalidateModule(module)
    for (const importer of importers) forget(importer)
  }
  for (const file of files) {
    for (const { id } of modules?.getModulesByFile(file) ?? []) forget(id)
  }
}

process.on('disconnect', () => process.exit())

init({
  post: (message) => process.send!(message),
  on: (listener) => process.on('message', listener),
  off: (listener) => process.off('message', listener),
  setup: setupEnvironment,
  onModuleRunner: (runner) => {
    modules = runner.evaluatedModules
  },
  runTests: (state, traces) => {
    reload((state.providedContext as Partial<ProvidedContext>).mutation?.changed ?? [])
    globalThis.__mutation = { hasFailed: false, deadline: 0 }
    return runBaseTests('run', state, traces)
  },
  collectTests: (state, traces) => runBaseTests('collect', state, traces),
})
