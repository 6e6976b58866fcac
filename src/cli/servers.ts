/** `headwater status` and `headwater request-crawl`: the server as a whole. */
import type { Command } from '#src/cli/command.ts'
import { createServerClient } from '#src/cli/server-client.ts'

const status: Command = {
  name: 'status',
  summary: 'Show the health of the server',
  run: ({ server }) => server.get('_admin/status'),
}

const requestCrawl: Command = {
  name: 'request-crawl',
  summary: 'Ask relays to crawl this server',
  details: 'Without operands, the server asks the relays in its PDS_CRAWLERS.',
  operands: '[relay-url...]',
  operandCount: [0, 20],
  options: {
    hostname: {
      type: 'string',
      value: 'HOST',
      help: 'Host name to be crawled (default: the host of --url)',
    },
  },
  async run({ server, operands: relays, options }) {
    const hostname = String(options['hostname'] ?? new URL(server.url).host)
    if (relays.length === 0) {
      await server.post('com.atproto.sync.requestCrawl', { hostname })
      return { hostname, relays: 'PDS_CRAWLERS of the server' }
    }
    for (const relay of relays) {
      const url = relay.includes('://') ? relay.replace(/\/+$/, '') : `https://${relay}`
      await createServerClient(url, undefined).post('com.atproto.sync.requestCrawl', { hostname })
    }
    return { hostname, relays }
  },
}

export const serverCommands: readonly Command[] = [status, requestCrawl]
