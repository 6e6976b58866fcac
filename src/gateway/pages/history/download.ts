/** The repo as it was at a moment, as a CAR file. */
import type { Action } from '#src/gateway/pages/area/area.ts'
import type { HistoryVisit } from '#src/gateway/pages/history/history-visit.ts'
import * as history from '#src/protocol/lexicons/dev/headwater/history.ts'

export const downloadCar: Action<HistoryVisit> = async ({ call, history: subject }, form) => {
  const { did: account, handle } = subject
  const { at = '' } = form
  const car = (await call(history.getRepo, { params: { account, at } })) as never
  const name = `${handle}-${at}`.replaceAll(/[^\w.-]+/g, '-')
  const headers = {
    'content-type': 'application/vnd.ipld.car',
    'content-disposition': `attachment; filename="${name}.car"`,
    'cache-control': 'no-store',
  }
  return { response: new Response(ReadableStream.from(car), { headers }) }
}
