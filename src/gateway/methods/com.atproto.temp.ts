/** com.atproto.temp: what clients of the reference still ask for. */

import { method } from '#src/gateway/xrpc/method.ts'
import * as temp from '#src/protocol/lexicons/com/atproto/temp.ts'

/** Nobody waits in a queue here. */
export const checkSignupQueue = method(temp.checkSignupQueue, {
  auth: 'account or queued',
  run: async () => ({ activated: true }),
})
