import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';

/** What a reconciliation found of one symbol. Sizes are decimal text. */
export interface SymbolReport {
  readonly symbol: string;
  readonly ledger: string;
  readonly venue: string;
  /** As the venue states it; '0': it states none. */
  readonly entryPrice: string;
  /** State that its lane last told; null: none. */
  readonly lane: string | null;
  readonly differences: readonly { readonly kind: string; readonly severity: string; readonly text: string }[];
  /** Why nothing was corrected yet, or null. */
  readonly unsettled: string | null;
  /** What each correction came to. */
  readonly corrections: readonly string[];
  /** Why the symbol was frozen, or null. */
  readonly frozen: string | null;
  /** What is held by the venue's word, at its price; null: nobody stated one. Absent: it was not asked. */
  readonly held?: { readonly value: number | null; readonly currency: string };
}

/** One unit at one time. */
export interface UnitReport {
  readonly unit: string;
  /** Wall clock, ms. */
  readonly at: number;
  /** Why it could not be compared, or null. */
  readonly failed: string | null;
  readonly symbols: readonly SymbolReport[];
  readonly balances: readonly {
    readonly currency: string;
    readonly ledger: string | null;
    readonly venue: string | null;
  }[];
  /** Wallets that payments, profits and fees of the ledger do not explain. */
  readonly cash: readonly {
    readonly currency: string;
    readonly ledger: string;
    readonly venue: string;
    readonly rest: string;
  }[];
}

/** Where the reports lie in the archive's bucket. */
export const REPORT_PREFIX = 'reconciliation/';

export interface ReconciliationReports {
  /** Keeps what one run found; runs that found nothing leave nothing. Null, or the object's key. */
  keepFindings(at: number, units: readonly UnitReport[], budgets?: readonly string[]): Promise<string | null>;
  /** The report of a day (UTC): the state of every unit now, and whatever was found in the day. The object's key. */
  writeDaily(day: string, at: number, units: readonly UnitReport[], budgets?: readonly string[]): Promise<string>;
}

/** Reports as objects of the archive's bucket. */
export function createReconciliationReports(s3: S3Client, bucket: string): ReconciliationReports {
  const put = async (key: string, content: unknown) => {
    const Body = JSON.stringify(content, null, 2);
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body, ContentType: 'application/json' }));
    return key;
  };
  return {
    async keepFindings(at, units, budgets = []) {
      const found = units.filter(hasFindings);
      if (found.length === 0 && budgets.length === 0) return null;
      const time = new Date(at).toISOString();
      return put(`${REPORT_PREFIX}findings/${time.slice(0, 10)}/${time}.json`, {
        version: 1,
        at,
        units: found,
        budgets,
      });
    },
    async writeDaily(day, at, units, budgets = []) {
      const findings: unknown[] = [];
      let token: string | undefined;
      do {
        const page = await s3.send(
          new ListObjectsV2Command({
            Bucket: bucket,
            Prefix: `${REPORT_PREFIX}findings/${day}/`,
            ...(token === undefined ? {} : { ContinuationToken: token }),
          }),
        );
        for (const { Key } of page.Contents ?? []) {
          const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
          findings.push(JSON.parse((await object.Body?.transformToString()) ?? 'null'));
        }
        token = page.NextContinuationToken;
      } while (token !== undefined);
      return put(`${REPORT_PREFIX}daily/${day}.json`, { version: 1, day, at, units, budgets, findings });
    },
  };
}

function hasFindings(report: UnitReport): boolean {
  const found = (symbol: SymbolReport) => symbol.differences.length > 0 || symbol.unsettled !== null;
  return report.failed !== null || report.balances.length > 0 || report.cash.length > 0 || report.symbols.some(found);
}
