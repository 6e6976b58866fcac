/** The pages of a history, for every area that has one. */
import type { AreaPage } from '#src/gateway/pages/area/area.ts'
import { changesPage } from '#src/gateway/pages/history/changes.ts'
import type { HistoryVisit } from '#src/gateway/pages/history/history-visit.ts'
import { recordPage } from '#src/gateway/pages/history/record.ts'
import { restorePage } from '#src/gateway/pages/history/restore.ts'
import { historySettingsPage } from '#src/gateway/pages/history/settings.ts'
import { timelinePage } from '#src/gateway/pages/history/timeline.ts'

export const historyPages: readonly AreaPage<HistoryVisit>[] = [
  ...[timelinePage, changesPage, recordPage, restorePage, historySettingsPage],
]
