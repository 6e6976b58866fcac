/** The texts of alerts and checks in German. */
import type { AlertTexts } from '#src/gateway/pages/operator/alerts/locales/en.ts'

export const de: AlertTexts = {
  'what.HeadwaterEngineDown': 'Engine',
  'what.HeadwaterEngineRestarts': 'Neustarts der Engine',
  'what.HeadwaterStorageDown': 'Speicher',
  'what.HeadwaterStoreLostItsEnd': 'Vor dem letzten Start verlorene Daten',
  'what.HeadwaterDiskLow': 'Freier Speicherplatz',
  'what.HeadwaterDiskFullInADay': 'Festplatte in einem Tag voll',
  'what.HeadwaterDiskFullInAMonth': 'Festplatte in einem Monat voll',
  'what.HeadwaterLongLog': 'Log, das der nächste Start liest',
  'what.HeadwaterSyncsSlow': 'Dauer von Disk-Syncs',
  'what.HeadwaterBackupOld': 'Letztes vollständiges Backup',
  'what.HeadwaterBackupFailed': 'Letzter Backup-Versuch',
  'what.HeadwaterBackupDrillFailed': 'Letzte Wiederherstellungsprobe',
  'what.HeadwaterArchivesFail': 'Konten, die nicht archiviert werden konnten',
  'what.HeadwaterArchiveDrillsFail': 'Archive, die nicht wiederhergestellt werden konnten',
  'what.HeadwaterArchivesLate': 'Archivierung aller Konten',
  'what.HeadwaterErrors': 'Serverfehler',
  'what.HeadwaterErrorsOfOtherServices': 'Fehler anderer Dienste',
  'what.HeadwaterPageErrors': 'Fehler von Seiten und Anmeldung',
  'what.HeadwaterOverloaded': 'Verzögerung der Event-Loop',
  'what.HeadwaterTooManyAwake': 'Wache Konten',
  'what.HeadwaterAccountsPutToSleep': 'Konten, die Platz machen mussten',
  'what.HeadwaterRateLimited': 'Gedrosselte Aufrufe',
  'what.HeadwaterUnhandledRejections': 'Unbehandelte Fehler',
  'what.HeadwaterEventsNotSequenced': 'Ereignisse, die noch nicht auf der Firehose sind',
  'what.HeadwaterUndeliveredEvents': 'Konten mit nicht zugestellten Ereignissen',
  'what.HeadwaterFirehoseLag': 'Firehose-Rückstand dieses Gateways',
  'what.HeadwaterSubscriberLag': 'Rückstand der Abonnenten',
  'what.HeadwaterEventsNotTrimmed': 'Ältestes Ereignis im Log',
  'what.HeadwaterRelayThrottles': 'Von Relays gedrosselte Konten',
  'what.HeadwaterRelayLimitNear': 'Kontenlimits der Relays',
  'what.HeadwaterRelayStatus': 'Status bei den Relays',
  'what.HeadwaterRelayLag': 'Rückstand der Relays',
  'what.HeadwaterWebhooksWait': 'Wartende Webhook-Zustellungen',
  'what.HeadwaterWebhookDisabled': 'Deaktivierte Webhooks',
  'advice.HeadwaterEngineDown':
    'Sie startet innerhalb von Sekunden von selbst neu. Hilft das nicht, prüfe engine/engine.log im Datenordner, Arbeitsspeicher und Festplattenplatz.',
  'advice.HeadwaterEngineRestarts':
    'Prüfe das Ende von engine/engine.log im Datenordner, den Arbeitsspeicher (dmesg nennt Prozesse, die aus Mangel daran beendet wurden) und den Festplattenplatz.',
  'advice.HeadwaterStorageDown':
    'writable: Die Festplatte ist voll, schreibgeschützt oder defekt. blobs: Prüfe den Ordner oder Bucket. accountDb, sequencerDb: Prüfe die Engine.',
  'advice.HeadwaterStoreLostItsEnd':
    'Ursache ist ein Stromausfall mit PDS_DURABILITY=process, eine Festplatte, die Schreibvorgänge zu früh bestätigt, oder ein eingespieltes Backup. Die Konten melden ihren Stand erneut an die Relays.',
  'advice.HeadwaterDiskLow':
    'Schaffe Platz oder vergrößere das Volume. Ein Neustart ist nicht nötig.',
  'advice.HeadwaterDiskFullInADay':
    'Schaffe Platz oder vergrößere das Volume. Alte Backups auf derselben Festplatte halten Tabellen fest, die die Engine gelöscht hat.',
  'advice.HeadwaterDiskFullInAMonth':
    'Vergrößere das Volume rechtzeitig. Die Diagramme unten zeigen, ob Konten oder Ereignisse mehr werden.',
  'advice.HeadwaterLongLog':
    'Der nächste Start dauert je 25 MB eine Sekunde länger. Starte den Server zu einer ruhigen Zeit neu.',
  'advice.HeadwaterSyncsSlow':
    'Etwas anderes lastet die Festplatte aus, sie ist defekt (siehe dmesg), oder das Netzwerk-Volume ist zu langsam.',
  'advice.HeadwaterBackupOld':
    'headwater backup lief nicht oder nicht bis zum Ende. Prüfe den Timer oder Cronjob.',
  'advice.HeadwaterBackupFailed':
    'Schaffe Platz oder berichtige den Befehl und führe ihn noch einmal aus.',
  'advice.HeadwaterBackupDrillFailed':
    'Das Backup lässt sich so nicht wiederherstellen: Mache ein neues und führe headwater backup drill aus.',
  'advice.HeadwaterArchivesFail':
    'headwater archive list --failed nennt die Gründe. In der nächsten Runde werden sie noch einmal versucht.',
  'advice.HeadwaterArchiveDrillsFail':
    'headwater archive list --failed nennt die Gründe. Erstelle mit headwater archive create ein neues Archiv und führe dann headwater archive drill aus.',
  'advice.HeadwaterArchivesLate':
    'Kein Gateway archiviert Konten, oder eine Runde dauert länger als PDS_ARCHIVE_INTERVAL_HOURS. Siehe Log.',
  'advice.HeadwaterErrors':
    'Das Log hat für jeden eine Zeile, mit x-request-id. Bei 503 lehnt der Server Arbeit ab; bei 507 ist es die Festplatte.',
  'advice.HeadwaterErrorsOfOtherServices':
    'Die AppView, ein Moderationsdienst oder das PLC-Verzeichnis hat Fehler; das Log nennt den Dienst.',
  'advice.HeadwaterPageErrors': 'Das Log hat für jeden eine Zeile, mit x-request-id.',
  'advice.HeadwaterOverloaded':
    'Schalte PDS_RATE_LIMITS_ENABLED ein. Mehr Prozessoren helfen nur mit mehreren Prozessen.',
  'advice.HeadwaterTooManyAwake':
    'Erhöhe PDS_MAX_AWAKE_ACCOUNTS, wenn für jedes weitere Konto 1 MB Arbeitsspeicher da ist. Ist er knapp, senke es.',
  'advice.HeadwaterAccountsPutToSleep':
    'Es sind mehr Konten in Gebrauch als PDS_MAX_AWAKE_ACCOUNTS. Erhöhe es, wenn Arbeitsspeicher da ist.',
  'advice.HeadwaterRateLimited':
    'Um einen Client auszunehmen, setze PDS_RATE_LIMIT_BYPASS_IPS. Haben alle Clients dieselbe Adresse, setze PDS_TRUSTED_PROXIES.',
  'advice.HeadwaterUnhandledRejections':
    'Das ist ein Programmfehler. Melde den Stacktrace aus dem Log. Der Server läuft weiter.',
  'advice.HeadwaterEventsNotSequenced':
    'Einträge werden gespeichert, erreichen aber die Relays nicht: Die Engine oder der Sequencer antwortet nicht. Siehe Log.',
  'advice.HeadwaterUndeliveredEvents':
    'Meist antwortet die Engine oder der Sequencer nicht. Die Ereignisse werden später zugestellt, in ihrer Reihenfolge.',
  'advice.HeadwaterFirehoseLag': 'Starte dieses Gateway neu.',
  'advice.HeadwaterSubscriberLag':
    'Ein Abonnent, der zu weit zurückfällt, wird getrennt und verbindet sich mit seinem Cursor neu.',
  'advice.HeadwaterEventsNotTrimmed':
    'Normal, wenn nichts geschrieben wird oder PDS_REPO_BACKFILL_LIMIT_MS länger als ein Tag ist. Sonst ein Programmfehler.',
  'advice.HeadwaterRelayThrottles':
    'Ein Relay begrenzt die Zahl der Konten eines Servers. Sende seinem Betreiber den vorbereiteten Antrag.',
  'advice.HeadwaterRelayLimitNear':
    'Bitte um ein höheres Limit, bevor es erreicht ist; der Antrag ist vorbereitet.',
  'advice.HeadwaterRelayStatus':
    'Ist dieser Server dort offline, prüfe DNS, TLS und die Firewall. Ist er gesperrt, frage den Betreiber des Relays. Ist er unbekannt, fordere einen Crawl an.',
  'advice.HeadwaterRelayLag':
    'Das Relay drosselt die Ereignisse dieses Servers oder ist nicht verbunden. Fordere einen Crawl an.',
  'advice.HeadwaterWebhooksWait':
    'Ein Endpunkt antwortet nicht oder nicht mit 2xx. Zustellungen werden drei Tage lang wiederholt.',
  'advice.HeadwaterWebhookDisabled':
    'Der Endpunkt hat mit 410 geantwortet oder fünf Tage lang nur Fehler geliefert. Behebe das und aktiviere ihn: Die Zustellung geht dort weiter, wo sie aufgehört hat.',
  noData: 'noch keine Daten',
  ok: 'OK',
  failed: 'fehlgeschlagen',
  none: 'keine',
  no: 'nein',
  noAnswer: 'antwortet nicht',
  sinceStart: '{n} seit dem Start',
  unusable: 'nicht nutzbar: {parts}',
  lastOnes: 'die letzten {time}',
  sizeFree: '{size} frei',
  fullAtThisRate: 'ja, beim Tempo der letzten Stunde',
  old: '{age} alt',
  noArchives: 'keine Archive',
  late: '{time} im Verzug',
  inTime: 'im Zeitplan',
  noneFailed: 'keine fehlgeschlagen',
  failPerSecond: '{n} pro Sekunde schlagen fehl',
  perSecond: '{n} pro Sekunde',
  ofTotal: '{n} von {total}',
  noneLastHour: 'keine in der letzten Stunde',
  noCalls: 'keine Aufrufe',
  nWaiting: '{n} warten',
  atMost: 'höchstens {n}',
  noSubscribers: 'keine Abonnenten',
  slowestOf: '{time} beim langsamsten von {n}',
  closeTo: 'nahe an {limit} bei {relay}',
  statusAt: '{status} bei {relay}',
  noRelays: 'keine Relays eingerichtet',
  'check.storage': 'Speicher',
  'check.disk': 'Festplatte',
  'check.mail': 'E-Mail',
  'check.plc': 'PLC-Verzeichnis',
  'check.keys': 'Schlüssel',
  'check.relays': 'Relays',
  'check.relay': 'Relay {relay}',
  seeLog: 'Siehe Log des Servers.',
  allUsable: 'Alle Teile sind nutzbar.',
  notUsable: 'Nicht nutzbar: {parts}',
  isEngineUp: 'Läuft die Engine (RIVET_ENDPOINT, falls woanders)? Siehe Log des Servers.',
  spaceUnknown: 'Der freie Platz ist nicht bekannt.',
  spaceFree: '{size} frei auf dem Volume des Datenordners',
  makeRoom: 'Schaffe Platz oder ziehe auf ein größeres Volume um.',
  mailsWritten: 'E-Mails werden nach {folder} geschrieben und nicht gesendet.',
  setMail: 'Setze PDS_EMAIL_SMTP_URL und PDS_EMAIL_FROM_ADDRESS.',
  mailAccepted: 'Der Mailserver akzeptiert die Anmeldung; headwater mail test sendet eine E-Mail.',
  mailRefused: 'Der Mailserver lehnt ab: {reason}',
  correctMail: 'Berichtige PDS_EMAIL_SMTP_URL.',
  plcAnswers: 'Es antwortet.',
  checkPlcCalls: 'Prüfe DNS und Firewall für Aufrufe von diesem Rechner aus, und PDS_DID_PLC_URL.',
  ownKeys:
    'Es sind die, mit denen die Daten geschrieben wurden; es gibt kein did:plc-Konto zum Vergleichen.',
  rotationKeyMissing:
    'Das PLC-Verzeichnis nennt für {did} den Rotationsschlüssel dieses Servers nicht.',
  setRotationKey: 'Setze den früheren PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX.',
  signingKeyMissing: 'Das DID-Dokument von {did} hat nicht den Signaturschlüssel des Kontos.',
  keysAgree:
    'Es sind die, mit denen die Daten geschrieben wurden, und das PLC-Verzeichnis stimmt für {did} überein.',
  noRelayAsked: 'Kein Relay wird gebeten, diesen Server zu crawlen.',
  setCrawlers: 'Setze PDS_CRAWLERS, zum Beispiel auf https://bsky.network.',
  checkRelayCalls: 'Prüfe DNS und Firewall für Aufrufe von diesem Rechner aus, und PDS_CRAWLERS.',
  statusThere: 'Dieser Server ist dort: {status}',
  knowsServer: 'Es kennt diesen Server.',
  behind: '{time} Rückstand',
  throttledThere: 'Dort gedrosselte Konten: {n}. Was sie schreiben, wird nicht weitergegeben.',
  limitNear: 'Konten: {n}. Das Relay nimmt womöglich nicht mehr als {limit}.',
  unreachable: 'Nicht erreichbar: {reason}',
}
