import type { IVpc, Vpc } from 'aws-cdk-lib/aws-ec2';
import type { Cluster, ICluster } from 'aws-cdk-lib/aws-ecs';
import type { Bucket, IBucket } from 'aws-cdk-lib/aws-s3';

/*
 * CDK's classes declare `member: T | undefined` where the interfaces they implement say `member?: T`. `exactOptionalPropertyTypes` tells the two
 * apart, so that an instance does not pass as its own interface. Here, and only here, it is told that it does.
 */

export function asVpc(vpc: Vpc): IVpc {
  return vpc as IVpc;
}

export function asCluster(cluster: Cluster): ICluster {
  return cluster as ICluster;
}

export function asBucket(bucket: Bucket): IBucket {
  return bucket as IBucket;
}
