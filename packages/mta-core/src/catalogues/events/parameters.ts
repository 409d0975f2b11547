/** The parameters of each event-log entry, by event id. The catalogue defines their labels and order. */
export type EventParameters = {
  9298: { readonly version: string; readonly build: string };
  9299: { readonly version: string; readonly build: string };
  9316: { readonly ltabIndex: number; readonly ntError: number };
  9277: {
    readonly thread: number;
    readonly ltabIndex: number;
    readonly timeMs: number;
    readonly cancelResult: number;
    readonly remoteServer: string;
    readonly callName: string;
    /** With its protocol, as in `ncacn_ip_tcp:127.0.0.1[4097]`. */
    readonly stringBinding: string;
  };
  9318: {
    readonly ltabIndex: number;
    readonly ntError: number;
    readonly commsError: number;
    readonly bindError: number;
    readonly remoteServer: string;
  };
  9321: { readonly ntError: number; readonly address: string; readonly osError: string };
  9322: {
    readonly ltabIndex: number;
    readonly ntError: number;
    readonly commsError: number;
    readonly bindError: number;
    readonly remoteServer: string;
    /** With its protocol; empty if the caller named no endpoint that can be dialled. */
    readonly protocolString: string;
  };
  9323: { readonly ltabIndex: number; readonly ntError: number };
  9266: Record<string, never>;
  9280: Record<string, never>;
  9156: { readonly networkType: number; readonly configured: number };
  57: { readonly entity: string; readonly limit: number };
  289: { readonly entity: string };
  290: { readonly reason: string; readonly diagnostic: string; readonly mtsId: string; readonly destination: string };
  301: { readonly entity: string; readonly controlBlock: number; readonly seconds: number };
  1290: {
    readonly entity: string;
    readonly provider: string;
    readonly reason: string;
    readonly controlBlock: number;
    readonly associationType: string;
  };
  1293: {
    readonly entity: string;
    readonly provider: string;
    readonly reason: string;
    readonly controlBlock: number;
    readonly associationType: string;
  };
  1294: { readonly entity: string; readonly reason: string };
  1209: { readonly lpi: string; readonly controlBlock: number };
  1133: {
    readonly entity: string;
    readonly state: number;
    readonly serviceType: number;
    readonly flavor: number;
    readonly controlBlock: number;
  };
  2035: { readonly locality: number };
  4282: { readonly protocol: number; readonly errorCode: number };
  4283: { readonly lpi: string; readonly errorCode: number };
  4284: { readonly errorCode: number };
  4287: { readonly errorCode: number };
  51: { readonly mtaName: string; readonly address: string; readonly association: number };
  55: { readonly entity: string; readonly association: number };
  2219: Record<string, never>;
  2206: { readonly queue: string; readonly file: string };
  2207: { readonly path: string };
  2152: { readonly path: string };
  /** The error of the check for free space: 0 if the check itself worked. */
  9411: { readonly ntError: number };
  /** `databaseError`: what is wrong, and where. `object`: the activity id of the copy. */
  2171: { readonly databaseError: string; readonly object: string; readonly mtsId: string };
  271: {
    readonly object: string;
    readonly entity: string;
    readonly priority: string;
    readonly mtsId: string;
    readonly length: number;
    readonly count: number;
  };
  272: {
    readonly object: string;
    readonly entity: string;
    readonly priority: string;
    readonly mtsId: string;
    readonly length: number;
    readonly count: number;
  };
};
/** The id of an event that MTA Lab reports, such as 9316. */
export type EventId = keyof EventParameters;

/**
 * An event as the core reports it; the catalogue turns it into words. `side` says that the called side of an opening reports it:
 * some events have another origin there.
 */
export type ReportedEvent = {
  [Id in EventId]: { readonly id: Id; readonly params: EventParameters[Id]; readonly side?: 'called' };
}[EventId];
