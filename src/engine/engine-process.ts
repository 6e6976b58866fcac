/** One run of the engine's program: how it is started, recognised and ended. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { getEnginePath } from '@rivetkit/engine-cli'
import { type EngineSettings, engineEnvironment } from '#src/engine/engine-environment.ts'

/**
 * The shell turns into the engine, so the child's process id is the engine's; before that it leaves a watcher behind,
 * which reads from us. Its read fails when we are gone, even by kill -9, and then it ends the engine properly.
 */
const START = '{ read -r _ <&3 || kill -TERM $$; } & exec "$@" 3<&-'

const LOG_BYTES = 16 * 1024 * 1024

export interface EngineProcess {
  readonly pid: number
  /** Resolves when it has ended, with a word on how. */
  readonly ended: Promise<string>
  isRunning(): boolean
  kill(signal: 'SIGTERM' | 'SIGKILL'): void
}

/** Starts the engine on its folder, with its log in `engine.log` there. A session of its own keeps Ctrl-C from it. */
export function startEngineProcess(settings: EngineSettings): EngineProcess {
  const { dir } = settings
  const log = openLog(join(dir, 'engine.log'))
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
      // A line tells the watcher that there is nobody left to end.
      watcher.end('\n')
      resolve(signal === null ? `exit code ${code}` : `signal ${signal}`)
    })
  })
  return { pid: child.pid ?? 0, ended, isRunning, kill: (signal) => void child.kill(signal) }
}

/** The command's folder makes our engine recognisable among the processes of the machine. */
export function engineCommand(dir: string): [string, ...string[]] {
  return [getEnginePath(), '--config', storeFile(dir)]
}

const pidFile = (dir: string) => join(dir, 'engine.pid')
const storeFile = (dir: string) => join(dir, 'engine.json')

/** Tells the engine where its store is, which its configuration must say even to its tools. */
export function writeStoreFile(dir: string): void {
  writeFileSync(storeFile(dir), JSON.stringify({ file_system: { path: join(dir, 'db') } }))
}

/** Notes that the engine has ended, so that the next start has nothing to look for. */
export function removePidFile(dir: string): void {
  rmSync(pidFile(dir), { force: true })
}

/** The process id of an engine that the last run of the folder left behind, if it still runs. */
export function findOrphanedEngine(dir: string): number | undefined {
  if (!existsSync(pidFile(dir))) return undefined
  const pid = Number(readFileSync(pidFile(dir), 'utf8'))
  return isEngineOf(dir, pid) ? pid : undefined
}

/** Whether the process is the engine of this folder, and not a stranger who got its number. */
function isEngineOf(dir: string, pid: number): boolean {
  try {
    return commandOf(pid).includes(`--config ${storeFile(dir)} start`)
  } catch {
    return false
  }
}

/** Whether the process still holds anything; one that waits for its parent to notice its end does not. */
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

/** Signals a process that may end at the same moment. */
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

/** The last lines of the engine's log, for the message about a start that failed. */
export function readLogTail(dir: string): string {
  try {
    return readFileSync(join(dir, 'engine.log'), 'utf8').trimEnd().split('\n').slice(-5).join('\n')
  } catch {
    return ''
  }
}

/** Opens the log to append, after putting a large one aside. */
function openLog(path: string): number {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (size > LOG_BYTES) renameSync(path, `${path}.old`)
  return openSync(path, 'a', 0o600)
}
