/** Starts the components of this process, and stops them in reverse order on a signal. */
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { type Config, ConfigError, environment, readConfig } from '#src/config/config.ts'
import { configureNativeModules } from '#src/config/native-modules.ts'
import {
  type Component,
  DataFolder,
  diskFull,
  refuseReferenceData,
  refuseUnfinishedRestore,
} from '#src/data-folder.ts'
import { createLog, type Log } from '#src/log.ts'
import { isDiskFull } from '#src/ports/disk-space.ts'
import { startComponents } from '#src/start/components.ts'
import { handleProcessErrors } from '#src/start/process-errors.ts'
import { welcome } from '#src/start/welcome.ts'
import { type TakeoverArguments, takeoverArguments } from '#src/takeover/options.ts'
import type { TakeoverProgress } from '#src/takeover/progress.ts'
import { hasTakeover } from '#src/takeover/taken-accounts.ts'

// The process exits with 1 if stopping takes longer.
const STOP_TIMEOUT_MS = 20_000

// Modules loaded from here on load faster at the next start. Not in the folder for temporary files, which others can write to.
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/compile'))

try {
  const config = readConfig(environment())
  const takeover = takeoverArguments(process.argv.slice(2))
  if (takeover?.check) printResult(await checkOnly(config, takeover))
  else {
    await main(config, createLog(takeover ? 'error' : config.log.level), takeover).catch(
      (error) => {
        throw isDiskFull(error) ? diskFull(config.dataDirectory, error) : error
      },
    )
  }
  process.exit(0)
} catch (error) {
  // Expected errors are printed as one message; only a bug needs its stack.
  const isExpected = error instanceof ConfigError || (error as Error).name === 'Error'
  console.error(isExpected ? `headwater: ${(error as Error).message}` : error)
  process.exit(1)
}

async function main(
  config: Config,
  log: Log,
  takeover: TakeoverArguments | undefined,
): Promise<void> {
  const signal = stopSignal()
  const unhandledRejections = handleProcessErrors(log, process)
  for (const warning of config.warnings) log.warn(warning)
  // After a takeover the reference's data is still in place.
  const isKnown = takeover !== undefined || hasTakeover(config.dataDirectory)
  refuseReferenceData(config.dataDirectory, isKnown ? [] : config.referenceData)
  refuseUnfinishedRestore(config.dataDirectory)
  const folder = new DataFolder(config.dataDirectory)
  for (const warning of folder.warnings) log.warn(warning)
  await using parts = new AsyncDisposableStack()
  parts.use(folder.lock(componentsOf(config)))
  const secrets = folder.secrets(config.secrets)
  configureNativeModules(config)
  const isAtRest = process.argv[2] === 'at-rest'
  const ports = { config, secrets, folder, log, unhandledRejections, isAtRest }
  // Node exits if nothing but promises is left to wait for, as while an engine elsewhere does not answer.
  const alive = setInterval(() => {}, 60_000)
  parts.defer(() => clearInterval(alive))
  if (takeover !== undefined) {
    const { runTakeover } = await import('#src/takeover/run-takeover.ts')
    const interrupted = signal.then((name) => {
      throw new Error(`interrupted by ${name}: run the command again to continue`)
    })
    const running = runTakeover(ports, parts, takeover, printProgress)
    printResult(await Promise.race([running, interrupted]))
    return
  }
  const { url, plcUrl, refused } = await startComponents(ports, parts)
  console.log(welcome(config, folder, { url, plcUrl }))
  log.info({ signal: await Promise.race([signal, refused]) }, 'stopping')
}

async function checkOnly(config: Config, takeover: TakeoverArguments): Promise<object> {
  const { runCheck } = await import('#src/takeover/run-takeover.ts')
  return runCheck(config, takeover, printProgress)
}

// The command line reads these lines (src/cli/takeover.ts).
function printProgress(progress: TakeoverProgress): void {
  console.log(`progress ${JSON.stringify(progress)}`)
}

function printResult(result: object): void {
  console.log(`result ${JSON.stringify(result)}`)
}

function componentsOf({ role, engine }: Config): Component[] {
  const components: Component[] = role === 'all' ? ['gateway', 'actors'] : [role]
  return engine.endpoint === undefined ? [...components, 'engine'] : components
}

// Resolves with the first signal. Later ones are ignored: stopping is limited by STOP_TIMEOUT_MS anyway.
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.on(signal, () => {
        resolve(signal)
        setTimeout(() => process.exit(1), STOP_TIMEOUT_MS).unref()
      })
    }
  })
}
