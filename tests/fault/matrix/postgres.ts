/** A Postgres server of the test, which can be killed and started again on its data. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, pollUntil } from '#tests/support/processes.ts'

const START_TIMEOUT_MS = 60_000
/** Where Debian has the programs, which are not in the PATH. */
const DEBIAN = '/usr/lib/postgresql'

export class PostgresServer {
  readonly #data: string
  readonly #port: number
  readonly #user: { uid?: number; gid?: number }
  #child!: ChildProcess

  private constructor(data: string, port: number, user: { uid?: number; gid?: number }) {
    this.#data = data
    this.#port = port
    this.#user = user
    process.once('exit', () => this.#child?.kill('SIGKILL'))
  }

  /** With its default settings, in a folder in `dir`. Throws if Postgres is not installed. */
  static async start(dir: string): Promise<PostgresServer> {
    const user = userOfPostgres()
    const data = join(dir, 'postgres')
    mkdirSync(data, { mode: 0o700 })
    // Postgres refuses to run as root, and its user has to reach the folder.
    if (user.uid !== undefined) {
      chmodSync(dir, 0o711)
      chownSync(data, user.uid, user.gid!)
    }
    const flags = ['--pgdata', data, '--username', 'rivet', '--auth', 'trust']
    execFileSync(program('initdb'), flags, { ...user, cwd: data, stdio: 'ignore' })
    const server = new PostgresServer(data, await freePort(), user)
    await server.run()
    return server
  }

  /** The database `postgres` exists from the start. */
  get url(): string {
    return `postgresql://rivet@127.0.0.1:${this.#port}/postgres?sslmode=disable`
  }

  /** Starts it, also after `kill9`, and waits until it answers. */
  async run(): Promise<void> {
    const port = String(this.#port)
    const flags = ['-D', this.#data, '-p', port, '-h', '127.0.0.1', '-k', this.#data]
    const options = { ...this.#user, cwd: this.#data, stdio: 'ignore' } as const
    this.#child = spawn(program('postgres'), flags, options)
    const isReady = async () => {
      try {
        execFileSync(program('pg_isready'), ['-h', '127.0.0.1', '-p', port], { stdio: 'ignore' })
        return true
      } catch {
        return false
      }
    }
    if (!(await pollUntil(isReady, START_TIMEOUT_MS))) throw new Error('Postgres did not start')
  }

  /** Its other processes notice, and end. */
  async kill9(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill9()
  }
}

function program(name: string): string {
  const versions = existsSync(DEBIAN)
    ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a))
    : []
  return versions.map((version) => join(DEBIAN, version, 'bin', name)).find(existsSync) ?? name
}

/** The user `postgres` if this process is root's. */
function userOfPostgres(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const [uid, gid] = ['-u', '-g'].map((flag) =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' })),
  )
  return { uid: uid!, gid: gid! }
}
