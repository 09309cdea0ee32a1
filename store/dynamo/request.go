package dynamo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/pay-theory/streamer/aws/call"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// CreateRequest implements [request.Store] with one call. A request that
// does not fit into an item is refused before it with PAYLOAD_TOO_LARGE.
func (s *Store) CreateRequest(ctx context.Context, r *request.Request, acquire ...request.Permit) (*request.Request, bool, error) {
	if r.ThrottledBy != "" {
		if err := s.markThrottling(ctx, r.ThrottledBy); err != nil {
			return nil, false, fmt.Errorf("dynamo: create request: %w", err)
		}
	}
	token := newToken()
	row := s.row(r, token)
	brings := row.size()
	if brings > maxItem {
		return nil, false, tooLarge(nil)
	}
	put := input{
		Item:                                row,
		ConditionExpression:                 "attribute_not_exists(#pk) OR #expires <= :now",
		ExpressionAttributeNames:            map[string]string{"#pk": "pk", "#expires": "expires"},
		ExpressionAttributeValues:           item{":now": millis(r.CreatedAt)},
		ReturnValuesOnConditionCheckFailure: "ALL_OLD",
	}
	var err error
	if len(acquire) == 0 {
		_, err = s.call(ctx, opPut, s.requests, put)
	} else {
		err = s.putTogether(ctx, put, acquire)
	}
	created := err == nil
	if taken, failed := failedOn(err); failed {
		row, err = taken, nil
		created = taken.wrote(token)
	}
	var stored *request.Request
	if err == nil {
		stored, err = row.request()
	}
	if err != nil {
		return nil, false, fmt.Errorf("dynamo: create request: %w", sized(err, brings))
	}
	return stored, created, nil
}

// LoadRequest implements [request.Store] with one call.
func (s *Store) LoadRequest(ctx context.Context, key request.Key) (*request.Request, error) {
	out, err := s.call(ctx, opGet, s.requests, input{Key: keyOf(key), ConsistentRead: true})
	if err == nil && out.Item == nil {
		err = request.ErrNotFound
	}
	var r *request.Request
	if err == nil {
		r, err = out.Item.request()
	}
	if err != nil {
		return nil, fmt.Errorf("dynamo: load request: %w", err)
	}
	return r, nil
}

// ChangeRequest implements [request.Store] with one call, or with two
// when it acquires or releases permits or appends output; when it throttles, with
// one or two more. A change that does
// not fit into the item is refused with PAYLOAD_TOO_LARGE; a transaction has 100
// items, so that permits and chunks together may be 99.
func (s *Store) ChangeRequest(ctx context.Context, key request.Key, c request.Change) (*request.Request, error) {
	if c.Set.ThrottledBy != "" {
		if err := s.markThrottling(ctx, c.Set.ThrottledBy); err != nil {
			return nil, fmt.Errorf("dynamo: change request: %w", err)
		}
	}
	change := s.changeAlone
	if transactional(c) {
		change = s.changeTogether
	}
	changed, err := change(ctx, key, c)
	if err != nil {
		return nil, fmt.Errorf("dynamo: change request: %w", err)
	}
	return changed, nil
}

// changeAlone makes a change of the request's item and of nothing else.
func (s *Store) changeAlone(ctx context.Context, key request.Key, c request.Change) (*request.Request, error) {
	token := newToken()
	u, err := s.newUpdate(key, c, token)
	if err != nil {
		return nil, err
	}
	brings := u.values.size()
	if brings > maxItem {
		return nil, tooLarge(nil)
	}
	out, err := s.call(ctx, opUpdate, s.requests, input{
		Key:                                 keyOf(key),
		UpdateExpression:                    u.expression(),
		ConditionExpression:                 u.condition(),
		ExpressionAttributeNames:            u.names,
		ExpressionAttributeValues:           u.values,
		ReturnValues:                        "ALL_NEW",
		ReturnValuesOnConditionCheckFailure: "ALL_OLD",
	})
	if err == nil {
		return out.Attributes.request()
	}
	there, failed := failedOn(err)
	switch {
	case !failed:
		return nil, sized(err, brings)
	case there == nil:
		return nil, request.ErrNotFound
	}
	r, err := there.request()
	if err == nil && !there.wrote(token) {
		return nil, &request.ConflictError{Request: r}
	}
	return r, err
}

// newToken names one write.
func newToken() string { return rand.Text()[:8] }

// sized tells a write that made its item too large, which DynamoDB alone can
// know: in a write of ours that brings much, nothing else can be invalid.
func sized(err error, brings int) error {
	const much = 4 << 10
	if call.HasCode(err, codeValidation) && brings > much {
		return tooLarge(err)
	}
	return err
}

func tooLarge(cause error) *request.Error {
	err := request.Errorf(wire.PayloadTooLarge, "the request would have more than %d KB with all that belongs to it, which is the most "+
		"that can be stored", maxItem>>10)
	err.Cause = cause
	return err
}

var errNoTable = errors.New("the Config does not name this table")

// call fails when the table is not configured.
func (s *Store) call(ctx context.Context, operation, table string, in input) (output, error) {
	if table == "" {
		return output{}, errNoTable
	}
	in.TableName = table
	return s.api.call(ctx, operation, in)
}
