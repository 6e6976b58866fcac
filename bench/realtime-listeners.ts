/** A process with many connections to dev.headwater.realtime.subscribe, which opens and closes them all on command. */
import WebSocket from 'ws'

interface Command {
  url: string
  /** Authorization headers; each has as many connections. */
  authorizations: string[]
  connectionsEach: number
  /** Openings in progress at a time. */
  atOnce: number
}

const PATH = '/xrpc/dev.headwater.realtime.subscribe'
let sockets: WebSocket[] = []

function open(url: string, authorization: string): Promise<WebSocket> {
  const socket = new WebSocket(`${url}${PATH}`, 'xrpc.v1.json', {
    perMessageDeflate: false,
    headers: { authorization },
  })
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('message', (data) => {
      const text = String(data)
      if (text.includes('#ready')) resolve(socket)
      else reject(new Error(text))
    })
  })
}

process.on('message', async (command: Command | 'close') => {
  if (command === 'close') {
    for (const socket of sockets.splice(0)) socket.terminate()
    process.send?.({ opened: 0, errors: [] })
    return
  }
  const { url, authorizations, connectionsEach, atOnce } = command
  const waiting = authorizations.flatMap((one) => Array<string>(connectionsEach).fill(one))
  const errors: string[] = []
  sockets = []
  const openNext = async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      try {
        sockets.push(await open(url, next))
      } catch (error) {
        errors.push((error as Error).message)
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, openNext))
  process.send?.({ opened: sockets.length, errors: errors.slice(0, 5) })
})
