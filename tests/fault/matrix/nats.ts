/** A NATS server, by which the engines of one store talk to each other. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { freePort, pollUntil } from '#tests/support/processes.ts'

export interface NatsServer extends AsyncDisposable {
  /** `host:port`. */
  address: string
}

/** Throws if `nats-server` is not installed. */
export async function startNats(): Promise<NatsServer> {
  const port = await freePort()
  const child = spawn('nats-server', ['--addr', '127.0.0.1', '--port', String(port)], {
    stdio: 'ignore',
  })
  await once(child, 'spawn')
  process.once('exit', () => child.kill('SIGKILL'))
  if (!(await pollUntil(() => answers(port), 10_000))) throw new Error('NATS did not start')
  return {
    address: `127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, 'exit')
      if (child.kill('SIGKILL')) await ended
    },
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('close', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
