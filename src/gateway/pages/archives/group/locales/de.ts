/** The texts of the page on archives of a group that are not those of an account, in German. */
import type { GroupArchiveTexts } from '#src/gateway/pages/archives/group/locales/en.ts'

export const de: GroupArchiveTexts = {
  bucketHelp:
    'Einmal am Tag, wenn sich etwas geändert hat, legt der Server eine signierte Kopie der Gruppe in einem Bucket ab: Posts und andere Einträge, Dateien und Einstellungen. Mitglieder, Rollen und Schlüssel sind nicht darin. Ältere Kopien bleiben: jeweils die letzte von 7 Tagen, 4 Wochen und 12 Monaten.',
  yourBucket: 'Bucket der Gruppe',
  stopped: 'Die Gruppe wird nicht mehr archiviert.',
  restoreHelp:
    'Lass den Ordner, wie er ist: Jedes Archiv hat eine signierte Liste dessen, was dazugehört. Zum Wiederherstellen gib es dem Betreiber dieses Servers oder eines anderen, der Headwater betreibt. Mitglieder und Rollen bleiben dabei, wie sie sind.',
}
