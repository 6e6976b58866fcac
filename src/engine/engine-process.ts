/** One run of the engine's program: how it is started, recognized and stopped. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { closeSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { getEnginePath } from '@rivetkit/engine-cli'
import { type EngineSettings, engineEnvironment } from '#src/engine/engine-environment.ts'
import { openEngineLog } from '#src/engine/engine-log.ts'

/**
 * The shell execs the engine, so the child's process id is the engine's. Before that it forks a watcher that reads from
 * this process. When this process exits, even by kill -9, the read fails, and the watcher sends the engine SIGTERM.
 */
const START = '{ read -r _ <&3 || kill -TERM $$; } & exec "$@" 3<&-'

export interface EngineProcess {
  readonly pid: number
  /** Resolves with the exit code or signal, as text, when it has ended. */
  readonly ended: Promise<string>
  isRunning(): boolean
  kill(signal: 'SIGTERM' | 'SIGKILL'): void
}

/** Starts the engine on its folder, in its own session, so that Ctrl-C does not reach it. It logs to `engine.log` there. */
export function startEngineProcess(settings: EngineSettings): EngineProcess {
  const { dir } = settings
  const log = openEngineLog(dir)
  const command = [...engineCommand(dir), 'start']
  const child = spawn('/bin/sh', ['-c', START, 'engine', ...command], {
    env: engineEnvironment(settings),
    detached: true,
    stdio: ['ignore', log, log, 'pipe'],
  })
  closeSync(log)
  if (child.pid !== undefined) writeFileSync(pidFile(dir), String(child.pid))
  return watch(child)
}

function watch(child: ChildProcess): EngineProcess {
  const watcher = child.stdio[3] as NodeJS.WritableStream
  watcher.on('error', () => {})
  const isRunning = () => child.exitCode === null && child.signalCode === null
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => {
      // A line makes the watcher exit without a signal.
      watcher.end('\n')
      resolve(signal === null ? `exit code ${code}` : `signal ${signal}`)
    })
  })
  return { pid: child.pid ?? 0, ended, isRunning, kill: (signal) => void child.kill(signal) }
}

/** The command line names the folder, by which our engine is recognized among the processes of the machine. */
export function engineCommand(dir: string): [string, ...string[]] {
  return [getEnginePath(), '--config', storeFile(dir)]
}

const pidFile = (dir: string) => join(dir, 'engine.pid')
const storeFile = (dir: string) => join(dir, 'engine.json')

/** Writes the engine's configuration file, from which the engine and its tools read where the store is. */
export function writeStoreFile(dir: string): void {
  writeFileSync(storeFile(dir), JSON.stringify({ file_system: { path: join(dir, 'db') } }))
}

/** Call when the engine has ended, so that the next start does not look for it. */
export function removePidFile(dir: string): void {
  rmSync(pidFile(dir), { force: true })
}

/** The process id of an engine that the last run of the folder left behind, if it still runs. */
export function findOrphanedEngine(dir: string): number | undefined {
  if (!existsSync(pidFile(dir))) return undefined
  const pid = Number(readFileSync(pidFile(dir), 'utf8'))
  return isEngineOf(dir, pid) ? pid : undefined
}

/** Whether the process is the engine of this folder, and not another one that got its process id. */
function isEngineOf(dir: string, pid: number): boolean {
  try {
    return commandOf(pid).includes(`--config ${storeFile(dir)} start`)
  } catch {
    return false
  }
}

/** Whether the process runs; a zombie does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return (
      process.platform !== 'linux' || !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    )
  } catch {
    return false
  }
}

/** Signals a process that may have ended. */
export function sendSignal(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function commandOf(pid: number): string {
  if (process.platform === 'linux') {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  }
  return execFileSync('/bin/ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
}
